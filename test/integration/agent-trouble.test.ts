import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { detectCgroups } from '@bulkhead/cgroup';
import { cgroupRoot, type HostInfo, type JournalEntry } from '@bulkhead/model';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { startTestInstance, type TestInstance } from '../support/launcher.ts';
import { describeNeeds } from '../support/needs.ts';
import { AgentProcess, agentProgram } from './agent-process.ts';

describeNeeds({ root: true, userNamespaces: true, cgroup: 'any' }, 'the agent in trouble', () => {
  let instance: TestInstance;
  let agent: AgentProcess;

  beforeAll(async () => {
    instance = await startTestInstance();
  });
  afterAll(async () => {
    await detectCgroups().remove(cgroupRoot(instance.instance));
    await instance?.[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    agent = new AgentProcess(instance);
  });
  afterEach(async () => {
    await agent[Symbol.asyncDispose]();
  });

  const run = (uid: number) =>
    spawnSync(process.execPath, [agentProgram], {
      uid,
      env: { PATH: process.env.PATH ?? '', BULKHEAD_CONFIG: instance.paths.config('agent') },
      encoding: 'utf8',
      timeout: 20_000,
    });
  const info = () => agent.must<HostInfo>('query', 'host.info');
  const create = (name: string, args: string[]) =>
    agent.must('mutation', 'container.create', { name, tenantId: 'trouble', image: 'host', args });
  const until = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
    for (let tries = 0; tries < 200; tries += 1) {
      if (await holds()) return;
      await sleep(50);
    }
    throw new Error(`waited in vain for ${what}`);
  };

  it('serves root and the group alone, on a socket of mode 0660', async () => {
    await agent.start();
    expect(statSync(instance.paths.agentSocket).mode & 0o777).toBe(0o660);
    expect(statSync(dirname(instance.paths.agentSocket)).mode & 0o007).toBe(0);
    // No root process listens on TCP or UDP; ss is the witness.
    const listening = execFileSync('ss', ['--tcp', '--udp', '--listening', '--processes', '--no-header'], { encoding: 'utf8' });
    expect(listening).not.toContain(`pid=${agent.pid},`);
  });

  it('takes the socket of an agent that was killed, and refuses to push a living one aside', async () => {
    await agent.start();
    await agent.end('SIGKILL');
    expect(existsSync(instance.paths.agentSocket)).toBe(true);
    await agent.start();
    const second = run(0);
    expect(second.status).toBe(1);
    expect(second.stdout).toContain('another agent serves');
    expect((await info()).instance).toBe(instance.instance);
  });

  it('stops on a broken policy, naming file and field', async () => {
    mkdirSync(dirname(instance.paths.policyFile), { recursive: true });
    writeFileSync(instance.paths.policyFile, '{"hostPaths": "everything"}');
    try {
      const { status, stdout } = run(0);
      expect(status).toBe(1);
      expect(stdout.trim().split('\n')).toHaveLength(1);
      expect(stdout).toContain(instance.paths.policyFile);
      expect(stdout).toContain('hostPaths');
    } finally {
      rmSync(dirname(instance.paths.policyFile), { recursive: true });
    }
  });

  it('ends with its signal, and starts again where it stopped', async () => {
    await agent.start();
    await create('stays', ['sleep', '600']);
    await agent.must('mutation', 'container.start', { container: 'stays' });
    const { pid } = await agent.must<{ pid: number }>('query', 'container.inspect', { container: 'stays' });
    expect(await agent.end('SIGTERM')).toBe(0);
    expect(existsSync(instance.paths.agentSocket)).toBe(false);
    expect(existsSync(`/proc/${pid}`)).toBe(true);
    await agent.start();
    expect(await agent.must('query', 'container.inspect', { container: 'stays' })).toMatchObject({ status: 'running', pid });
    // What it knew at its end was written: one reading at least, though no minute has passed.
    const { entries } = await agent.must<{ entries: JournalEntry[] }>('query', 'journal.pull', { after: 0, limit: 5000 });
    expect(entries.some(({ record }) => record.kind === 'reading' && record.containerName === 'stays' && !record.final)).toBe(true);
  });

  it('says what is the matter while the launcher is away, and goes on when it is back', async () => {
    await agent.start();
    await create('meanwhile', ['sh', '-c', 'echo out; sleep 600']);
    await agent.must('mutation', 'container.start', { container: 'meanwhile' });
    await agent.end('SIGKILL');
    const gone = new Promise((resolve) => instance.launcher.once('exit', resolve));
    instance.launcher.kill('SIGKILL');
    await gone;

    await agent.start({ ready: false });
    expect((await info()).warnings.join()).toContain('launcher does not answer');
    const { error } = await agent.call('query', 'container.list', {});
    expect(error?.data).toMatchObject({ problem: 'unavailable', remedy: expect.stringContaining('launcher') });

    await instance.restartLauncher();
    await until('the containers', async () => (await agent.call('query', 'container.list', {})).error === undefined);
    expect((await info()).warnings.join()).not.toContain('launcher does not answer');
    expect(await agent.must('query', 'container.inspect', { container: 'meanwhile' })).toMatchObject({ status: 'running' });
    await agent.must('mutation', 'container.delete', { container: 'meanwhile', force: true });
  });

  it('keeps readings while the disk is full, removes no cgroup before they are written, and says so', async () => {
    const name = agent.hostId.slice(0, 8);
    mkdirSync(instance.paths.agentState, { recursive: true });
    const keys = readFileSync(`${instance.paths.agentState}/verify-keys.json`);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m,mode=0700', `bulkhead-test-${name}`, instance.paths.agentState]);
    try {
      writeFileSync(`${instance.paths.agentState}/verify-keys.json`, keys);
      await agent.start();
      await create('full', ['sh', '-c', 'i=0; while [ $i -lt 4000 ]; do i=$((i+1)); done']);
      const path = `${cgroupRoot(instance.instance)}/trouble/${(await agent.must<{ id: string }>('query', 'container.inspect', { container: 'full' })).id}`;
      const ballast = `${instance.paths.agentState}/ballast`;
      spawnSync('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=4096'], { stdio: 'ignore' });

      // Containers go on.
      await agent.must('mutation', 'container.start', { container: 'full' });
      await agent.must('query', 'container.wait', { container: 'full', timeoutSeconds: 10 });
      await until('the warning', async () => (await info()).warnings.join().includes('journal cannot be written'));
      const deleted = agent.must('mutation', 'container.delete', { container: 'full', force: true });
      expect(await Promise.race([deleted.then(() => 'deleted'), sleep(700, 'waits')])).toBe('waits');
      expect(detectCgroups().exists(path)).toBe(true);

      rmSync(ballast);
      await deleted;
      expect(detectCgroups().exists(path)).toBe(false);
      await until('the warning to go', async () => !(await info()).warnings.join().includes('journal cannot be written'));
      const { entries } = await agent.must<{ entries: JournalEntry[] }>('query', 'journal.pull', { after: 0, limit: 5000 });
      const finals = entries.filter(({ record }) => record.kind === 'reading' && record.final && record.containerName === 'full');
      expect(finals.length).toBeGreaterThan(0);
    } finally {
      await agent.end('SIGKILL');
      execFileSync('umount', [instance.paths.agentState]);
    }
  });

  it('writes no statement and no key into its log or journal', async () => {
    await agent.start();
    const statement = agent.statement('container.list', {}, { kind: 'statement', role: 'administrator', tenants: 'all' });
    for (const path of ['container.list', 'container.list', 'host.info'])
      await agent.call('query', path, {}, { kind: 'local-root' }, statement);
    await agent.call('query', 'host.info', {}, { kind: 'local-root' }, `secret-${statement}`);
    await agent.end('SIGTERM');
    const written = [
      agent.log.join('\n'),
      ...readdirSync(instance.paths.agentState)
        .filter((name) => name !== 'verify-keys.json')
        .map((name) => readFileSync(`${instance.paths.agentState}/${name}`, 'latin1')),
    ].join('\n');
    expect(written).toContain('used before');
    for (const part of statement.split('.')) expect(written).not.toContain(part.slice(0, 40));
    expect(written).not.toContain('secret-');
  });

  it('ends at a failure that nobody caught, with a line that says so', () => {
    const config = JSON.parse(readFileSync(instance.paths.config('agent'), 'utf8')) as object;
    const file = `${instance.paths.run}/config/broken-${randomUUID()}.json`;
    for (const broken of ['{', JSON.stringify({ ...config, instance: 'no such thing' })]) {
      writeFileSync(file, broken);
      const { status, stdout } = spawnSync(process.execPath, [agentProgram], {
        env: { BULKHEAD_CONFIG: file },
        encoding: 'utf8',
        timeout: 20_000,
      });
      expect(status).toBe(1);
      expect(stdout).toContain(file);
    }
  });

  it('refuses to run without root, in one line', async () => {
    // Another user may not be able to read the checkout: the source comes by standard input there.
    const child = spawn(
      process.execPath,
      ['--input-type=module', '--eval', `process.geteuid = () => 1000; await import(${JSON.stringify(agentProgram)});`],
      {
        env: { BULKHEAD_CONFIG: instance.paths.config('agent') },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect(code).toBe(1);
    expect(text.trim().split('\n')).toHaveLength(1);
    expect(text).toContain('needs root');
  });
});
