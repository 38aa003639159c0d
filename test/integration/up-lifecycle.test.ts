import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bulkhead, ended, eventually, findTraces, startInstance } from '../support/instance.ts';
import { describeNeeds } from '../support/needs.ts';

const isRunning = (pid: number): boolean => {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

const modeOf = (path: string): string => (statSync(path).mode & 0o7777).toString(8).padStart(4, '0');
const ownerOf = (path: string): string => spawnSync('stat', ['--format=%U:%G', path], { encoding: 'utf8' }).stdout.trim();

describeNeeds({ root: true, cgroup: 'any', userNamespaces: true, programs: ['useradd', 'setpriv', 'ip', 'findmnt'] }, 'up and down', () => {
  test('everything comes up under its own user, serves, and down --purge leaves nothing at all', async () => {
    let traces: string[] = [];
    let name = '';
    {
      await using instance = await startInstance();
      name = instance.instance;
      const { paths } = instance;
      expect(instance.child.output()).toMatch(/^ready http:\/\/127\.0\.0\.1:\d+$/m);
      expect(instance.setupLink).toMatch(/\/setup\?token=[A-Za-z0-9_-]{43}$/);
      expect((await fetch(instance.url, { redirect: 'manual' })).status).toBe(302);

      // Each service: its user, no capability but root's, its own session.
      const users = {
        launcher: 'root',
        agent: 'root',
        database: `bulkhead-db-${name}`,
        collector: `bulkhead-collector-${name}`,
        web: `bulkhead-web-${name}`,
      };
      for (const [service, user] of Object.entries(users)) {
        const pid = instance.pidOf(service);
        expect(
          spawnSync('ps', ['-o', 'user:40=,sid=', '-p', String(pid)], { encoding: 'utf8' })
            .stdout.trim()
            .split(/\s+/),
        ).toEqual([user, String(pid)]);
        if (user === 'root') continue;
        const status = readFileSync(`/proc/${pid}/status`, 'utf8');
        for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) expect(status).toContain(`${set}:\t0000000000000000`);
        expect(status).toContain('NoNewPrivs:\t1');
      }
      // The administrator's environment stays the administrator's.
      const environment = readFileSync(`/proc/${instance.pidOf('web')}/environ`, 'utf8')
        .split('\0')
        .map((entry) => entry.split('=')[0])
        .filter((entry) => entry !== '');
      expect(new Set(environment)).toEqual(new Set(['PATH', 'LANG', 'TZ', 'NODE_ENV', 'BULKHEAD_CONFIG', 'NODE_COMPILE_CACHE']));

      // Secrets are readable for whom they are meant alone.
      expect([modeOf(instance.stateDirectory), ownerOf(instance.stateDirectory)]).toEqual(['0711', 'root:root']);
      for (const [path, user] of [
        [join(paths.webState, 'signing-key.pem'), users.web],
        [join(paths.webState, 'auth-secret'), users.web],
        [join(paths.webState, 'setup.json'), users.web],
        [join(paths.collectorState, 'signing-key.pem'), users.collector],
        [paths.config('web'), users.web],
        [paths.config('collector'), users.collector],
        [paths.config('agent'), 'root'],
      ] as const)
        expect([path, modeOf(path), ownerOf(path).split(':')[0]]).toEqual([path, '0400', user]);
      expect(modeOf(paths.agentSocket)).toBe('0660');
      expect(ownerOf(paths.agentSocket)).toBe(`root:bulkhead-${name}`);
      const token = instance.setupLink?.split('token=')[1] ?? '';
      for (const file of readdirSync(paths.logs)) expect(readFileSync(join(paths.logs, file), 'utf8')).not.toContain(token);
      expect(readFileSync(join(paths.webState, 'setup.json'), 'utf8')).not.toContain(token);

      // The program is shown read-only and without setuid.
      const [version = ''] = readdirSync(paths.programs);
      const mounted = join(paths.programMounts, version);
      expect(readFileSync(`/proc/${instance.pidOf('agent')}/cmdline`, 'utf8')).toContain(`${mounted}/apps/agent/dist/main.mjs`);
      const options = spawnSync('findmnt', ['--noheadings', '--output', 'OPTIONS', mounted], { encoding: 'utf8' }).stdout.trim().split(',');
      expect(options).toEqual(expect.arrayContaining(['ro', 'nosuid']));

      // Runtime state is written at each step of each start and is worth nothing after a reboot.
      expect(
        spawnSync('findmnt', ['--noheadings', '--output', 'FSTYPE', '--target', paths.containers], { encoding: 'utf8' }).stdout.trim(),
      ).toBe('tmpfs');

      // No root process listens on TCP or UDP (invariant 3), nor does the database.
      const listening = spawnSync('ss', ['--listening', '--tcp', '--udp', '--processes', '--numeric'], { encoding: 'utf8' }).stdout;
      for (const service of ['launcher', 'agent', 'database']) expect(listening).not.toContain(`pid=${instance.pidOf(service)},`);
      expect(listening).toContain(`pid=${instance.pidOf('web')},`);

      const status = JSON.parse(instance.run('status', '--json').stdout) as { services: { name: string; state: string }[] };
      expect(status.services.map((service) => service.state)).toEqual(Array(5).fill('running'));
      traces = findTraces(name, instance.stateDirectory);
      expect(traces.length).toBeGreaterThan(8);
    }
    expect(findTraces(name, '/nonexistent')).toEqual([]);
  });

  test('a second up says who holds the state directory; a later up is ready within 10 s and prints a fresh link; the launcher is the same', async () => {
    await using instance = await startInstance();
    const second = bulkhead(['up', '--state-dir', instance.stateDirectory, '--listen', '127.0.0.1:0']);
    expect(second.code).toBe(1);
    expect(second.stderr).toBe(
      `bulkhead: ${instance.stateDirectory} is in use by ./bulkhead up, process ${instance.child.pid}\n  it is up already; end that process first (Ctrl-C there, or ./bulkhead down), or give another --state-dir\n`,
    );

    const launcher = instance.pidOf('launcher');
    const others = ['web', 'collector', 'agent', 'database'].map((service) => instance.pidOf(service));
    instance.child.kill('SIGINT');
    expect(await ended(instance.child)).toBe(0);
    expect(others.filter(isRunning)).toEqual([]);
    expect(isRunning(launcher)).toBe(true);
    expect(instance.run('ps').stderr).toContain('bulkhead is not running here');

    const startedAt = performance.now();
    await using again = await startInstance({ stateDirectory: instance.stateDirectory });
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect(again.instance).toBe(instance.instance);
    expect(again.pidOf('launcher')).toBe(launcher);
    expect(again.setupLink).not.toBe(instance.setupLink);
  });

  test('a supervisor that was killed: the next up ends what it left, by pid and start time, and goes on', async () => {
    await using instance = await startInstance();
    const left = ['web', 'collector', 'agent', 'database'].map((service) => instance.pidOf(service));
    instance.child.kill('SIGKILL');
    await ended(instance.child);
    expect(left.every(isRunning)).toBe(true);
    const port = new URL(instance.url).port;
    await using again = await startInstance({ stateDirectory: instance.stateDirectory, args: ['--listen', `127.0.0.1:${port}`] });
    expect(left.filter(isRunning)).toEqual([]);
    expect(again.child.output()).toContain('the last up was killed; ended what it left: web, collector, agent, database');
    expect((await fetch(again.url, { redirect: 'manual' })).status).toBe(302);
  });

  test.each(['agent', 'web', 'collector', 'database', 'launcher'])('%s killed is started again', async (service) => {
    await using instance = await startInstance();
    const before = instance.pidOf(service);
    process.kill(before, 'SIGKILL');
    await eventually(`another ${service}`, () => {
      const status = JSON.parse(instance.run('status', '--json').stdout) as {
        services: { name: string; state: string; pid?: number; restarts: number }[];
      };
      const found = status.services.find(({ name }) => name === service);
      return found?.state === 'running' && found.pid !== before && found.restarts === 1;
    });
    await eventually(
      'the dashboard serves',
      async () => (await fetch(`${instance.url}/api/health`).catch(() => undefined))?.status === 200,
    );
  });

  test('beyond loopback it speaks TLS only, with a certificate for its own names', async () => {
    await using instance = await startInstance({ args: ['--listen', '0.0.0.0:0'] });
    const port = Number(new URL(instance.url).port);
    expect(instance.url).toMatch(/^https:/);
    const fingerprint = await new Promise<string>((resolve, reject) => {
      const request = httpsRequest({ host: '127.0.0.1', port, path: '/sign-in', rejectUnauthorized: false }, (response) => {
        const socket = response.socket as import('node:tls').TLSSocket;
        const certificate = socket.getPeerX509Certificate();
        response.resume();
        if (certificate?.checkIP('127.0.0.1') === undefined) reject(new Error('the certificate does not name 127.0.0.1'));
        else resolve(certificate.fingerprint256);
      });
      request.once('error', reject);
      request.end();
    });
    expect(instance.child.output()).toContain(fingerprint);
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
  });

  test('--no-web starts neither dashboard nor collector nor database', async () => {
    await using instance = await startInstance({ args: ['--no-web'] });
    expect(instance.url).toBe(`unix:${instance.paths.agentSocket}`);
    const status = JSON.parse(instance.run('status', '--json').stdout) as { services: { name: string }[] };
    expect(status.services.map(({ name }) => name)).toEqual(['launcher', 'agent']);
    expect(instance.run('ps', '--json').stdout).toBe('[]\n');
  });

  test('two instances live side by side and do not meet', async () => {
    await using first = await startInstance({ args: ['--no-web'] });
    await using second = await startInstance({ args: ['--no-web'] });
    expect(first.instance).not.toBe(second.instance);
    expect(first.pidOf('launcher')).not.toBe(second.pidOf('launcher'));
    expect(bulkhead(['down', '--purge', '--state-dir', second.stateDirectory])).toMatchObject({ code: 0 });
    await ended(second.child);
    expect(findTraces(second.instance, second.stateDirectory)).toEqual([]);
    expect(first.run('ps').code).toBe(0);
  });

  test('down works while it is up, when it is not, and again', async () => {
    await using instance = await startInstance();
    const down = () => bulkhead(['down', '--state-dir', instance.stateDirectory]);
    expect(down().code).toBe(0);
    expect(await ended(instance.child)).toBe(0);
    const left = findTraces(instance.instance, instance.stateDirectory);
    expect(left.filter((trace) => /^(mount|cgroup|process|link)/.test(trace))).toEqual([]);
    expect(left).not.toContain(`file: /run/bulkhead/${instance.instance}`);
    expect(down().code).toBe(0);
    expect(bulkhead(['down', '--purge', '--state-dir', instance.stateDirectory]).code).toBe(0);
    expect(findTraces(instance.instance, instance.stateDirectory)).toEqual([]);
    expect(bulkhead(['down', '--purge', '--state-dir', instance.stateDirectory]).code).toBe(0);
  });
});
