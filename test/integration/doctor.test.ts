import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DoctorCheck } from '@bulkhead/model';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bulkhead, eventually, nodeProgram, root, startInstance } from '../support/instance.ts';
import { describeNeeds } from '../support/needs.ts';

const output = (program: string, ...args: string[]): string => spawnSync(program, args, { encoding: 'utf8' }).stdout.trim();
/** As `--json` prints it: words, and the codes they were made of. */
type Told = Pick<DoctorCheck, 'id' | 'state'> & { title: string; found: string; cost?: string; remedy?: string; codes: object };
const read = (text: string): Map<string, Told> =>
  new Map((JSON.parse(text) as { checks: Told[] }).checks.map((check) => [check.id, check]));

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'bulkhead-doctor-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describeNeeds({ root: true, cgroup: 'any', programs: ['setpriv', 'mount', 'uname', 'ss'] }, 'doctor', () => {
  test('before the first up it tells what the host has, as other programs tell it, and makes nothing', () => {
    const state = join(directory, 'state');
    const { code, stdout } = bulkhead(['doctor', '--json', '--state-dir', state]);
    const checks = read(stdout);
    const found = (id: string) => checks.get(id)?.found;
    expect(found('kernel.release')).toBe(`Linux ${output('uname', '--kernel-release')}`);
    expect(found('version.libc')).toBe(`glibc ${output('getconf', 'GNU_LIBC_VERSION').split(' ')[1]}`);
    const [, size = ''] = output('df', '--block-size=1', '--output=size', directory).split('\n');
    expect(found('disk.state-directory')).toContain(` of ${(Number(size) / 1024 ** 3).toPrecision(3)} GiB free at ${state}`);
    expect(checks.get('kernel.psi')?.state === 'good').toBe(spawnSync('cat', ['/proc/pressure/cpu']).status === 0);
    for (const type of ['user', 'mount', 'pid', 'network', 'uts', 'ipc', 'cgroup'])
      expect(checks.get(`kernel.namespace.${type}`)?.state).toBe('good');
    expect(found('service.instance')).toBe('not up');
    expect(code).toBe([...checks.values()].some(({ state: word }) => word === 'bad') ? 1 : 0);
    expect(spawnSync('ls', [state]).status).not.toBe(0);

    const text = bulkhead(['doctor', '--state-dir', state]);
    expect(text.code).toBe(code);
    expect(text.stdout).toMatch(/^Kernel\n {2}good +Release +Linux /);
    expect(text.stdout).toMatch(/\n\d+ good, \d+ attention, \d+ bad, \d+ unknown\n$/);

    const chinese = bulkhead(['doctor', '--lang', 'zh', '--state-dir', state]);
    expect(chinese.code).toBe(code);
    expect(chinese.stdout).toMatch(/^内核\n {2}正常 +内核版本 +Linux /);
    expect(chinese.stdout).toMatch(/\n\d+ 正常，\d+ 注意，\d+ 异常，\d+ 未知\n$/);
    // By the locale, and JSON in English in any.
    const inChina = { environment: { LC_ALL: '', LC_MESSAGES: 'zh_CN.UTF-8', LANG: 'en_US.UTF-8' } };
    expect(bulkhead(['doctor', '--state-dir', state], inChina).stdout).toMatch(/^内核\n/);
    expect(read(bulkhead(['doctor', '--json', '--state-dir', state], inChina).stdout).get('kernel.release')).toMatchObject({
      title: 'Release',
      found: `Linux ${output('uname', '--kernel-release')}`,
      codes: { found: { code: 'kernel.release', values: { release: output('uname', '--kernel-release') } } },
    });
    const unknown = bulkhead(['doctor', '--lang', 'de', '--state-dir', state]);
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain('en, zh');
  });

  test('without root it says what it cannot see, and to be root for it; nothing that it cannot see is bad', () => {
    const command = [nodeProgram, join(root, 'apps/cli/dist/main.mjs'), 'doctor', '--json', '--state-dir', join(directory, 'state')];
    const { stdout } = spawnSync('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', ...command], { encoding: 'utf8' });
    const checks = read(stdout);
    for (const id of ['privilege.root', 'privilege.capabilities'])
      expect(checks.get(id)).toMatchObject({ state: 'unknown', remedy: 'run it as root: sudo ./bulkhead doctor' });
    expect(checks.get('kernel.release')?.state).toBe('good');
    expect(checks.get('kernel.clone3')?.state).toBe('good');
    expect([...checks.values()].filter(({ state }) => state === 'bad')).toEqual([]);
  });

  test('a full disk and a port that somebody has are bad, each with who and what to do; the exit code says so', async () => {
    const state = join(directory, 'small');
    mkdirSync(state);
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'bulkhead-test', state]).status).toBe(0);
    const server = createServer();
    try {
      const taken = await new Promise<boolean>((resolve) => {
        server.once('error', () => resolve(true));
        server.listen(8470, '127.0.0.1', () => resolve(false));
      });
      const { code, stdout } = bulkhead(['doctor', '--json', '--state-dir', state]);
      const checks = read(stdout);
      expect(code).toBe(1);
      expect(checks.get('disk.state-directory')).toMatchObject({
        state: 'bad',
        found: expect.stringContaining('64 MiB'),
        remedy: expect.any(String),
      });
      // Somebody else may have it: then that one is to be named.
      const pid = taken
        ? /pid=(\d+)/.exec(output('ss', '--listening', '--tcp', '--processes', '--numeric', 'sport = :8470'))?.[1]
        : process.pid;
      expect(checks.get('network.port')).toMatchObject({
        state: 'bad',
        found: `127.0.0.1:8470 is taken by ${readFileSync(`/proc/${pid}/comm`, 'utf8').trim()}, process ${pid}`,
      });
    } finally {
      server.close();
      spawnSync('umount', [state]);
    }
  });

  test('of an instance that is up the agent answers: services, port, clock; a service that died is seen', async () => {
    await using instance = await startInstance();
    const ask = () => read(instance.run('doctor', '--json').stdout);
    const checks = ask();
    const port = new URL(instance.url).port;
    for (const service of ['database', 'launcher', 'agent', 'collector', 'web'])
      expect(checks.get(`service.${service}`)).toMatchObject({ state: 'good', found: `runs, process ${instance.pidOf(service)}` });
    expect(checks.get('network.port')).toMatchObject({
      state: 'good',
      found: `127.0.0.1:${port} is served by the dashboard, process ${instance.pidOf('web')}`,
    });
    expect(checks.get('clock.steps')).toMatchObject({ state: 'good' });
    expect(checks.get('disk.run-memory')).toMatchObject({ state: 'good', found: expect.stringContaining('tmpfs at /run/bulkhead/') });
    expect(checks.get('version.program')?.found).toMatch(/, build [0-9a-f]{16}$/);
    expect([...checks.values()].filter(({ state }) => state === 'bad')).toEqual([]);

    // With the supervisor held, nobody starts it again before we look.
    const supervisor = instance.child.pid ?? 0;
    process.kill(supervisor, 'SIGSTOP');
    try {
      process.kill(instance.pidOf('collector'), 'SIGKILL');
      await eventually('the dead collector to be seen', () => ask().get('service.collector')?.state === 'bad', 5_000);
    } finally {
      process.kill(supervisor, 'SIGCONT');
    }
    await eventually('the collector to be back', () => ask().get('service.collector')?.state === 'good');
    // Where the agent does not answer the doctor looks itself.
    process.kill(instance.pidOf('agent'), 'SIGKILL');
    const alone = ask();
    expect(alone.get('kernel.release')?.state).toBe('good');
    expect(alone.get('service.launcher')?.state).toBe('good');
  });
});
