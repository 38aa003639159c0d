import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { type ContainerSpecInput, cgroupRoot, Problem } from '@bulkhead/model';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { boxSpec, outputOf, runBox, startBox, within } from '../support/boxes.ts';
import { repetitions } from '../support/emulation.ts';
import { describeNeeds } from '../support/needs.ts';
import { supportProgram } from '../support/program.ts';
import { startTestRuntime, type TestRuntime, witnessCgroups, witnessMounts, witnessProcesses } from '../support/runtime.ts';

describeNeeds({ root: true, cgroup: 'any', userNamespaces: true, controllers: ['cpu', 'memory', 'pids'] }, 'container runtime', () => {
  let host: TestRuntime;
  beforeAll(async () => {
    host = await startTestRuntime();
  });
  afterAll(() => host?.[Symbol.asyncDispose]());

  const start = (args: string[], extra?: Partial<ContainerSpecInput>) => startBox(host, args, extra);
  const output = (id: string, execId?: string) => outputOf(host, id, execId);
  const run = (args: string[], extra?: Partial<ContainerSpecInput>) => runBox(host, args, extra);

  it('goes through created, running and stopped, and leaves nothing after delete', async () => {
    const { container, transcript: recorded } = await host.runtime.create(boxSpec(['sh', '-c', 'echo hello; exit 4']));
    const transcript = recorded.read();
    expect(container.status).toBe('created');
    expect(transcript.steps.map((step) => step.actor)).toContain('child');
    expect(transcript.commands.join('\n')).toContain('pivot_root');
    const firstUid = host.runtime.inspect(container.id).idMapping.hostId;
    expect(witnessCgroups(container.id).length).toBeGreaterThan(0);
    const { container: started } = await host.runtime.start(container.id);
    expect(['running', 'stopped']).toContain(started.status);
    expect(await output(container.id)).toBe('hello\n');
    expect(await host.runtime.wait(container.id, within(10))).toEqual({ kind: 'exited', code: 4 });
    expect(host.runtime.find(container.name)?.status).toBe('stopped');
    await host.runtime.delete(container.id, false);
    expect(host.runtime.find(container.id)).toBeUndefined();
    expect(witnessCgroups(container.id)).toEqual([]);
    expect(witnessProcesses(firstUid)).toEqual([]);
    expect(witnessMounts(container.id)).toEqual([]);
    expect(readdirSync(host.instance.paths.containers)).not.toContain(container.id);
    expect(readdirSync(host.instance.paths.containerLogs).filter((name) => name.startsWith(container.id))).toEqual([]);
  });

  it('has namespaces of its own in every type, as lsns sees them', async () => {
    const container = await start(['sleep', '60']);
    const { namespaces } = host.runtime.inspect(container.id);
    expect(
      namespaces
        .filter((one) => !one.initial)
        .map((one) => one.type)
        .sort(),
    ).toEqual(['cgroup', 'ipc', 'mount', 'network', 'pid', 'user', 'uts']);
    const seen = execFileSync('lsns', ['-n', '-o', 'NS', '-p', String(container.pid)], { encoding: 'utf8' })
      .trim()
      .split(/\s+/);
    for (const one of namespaces) expect(seen).toContain(one.ino);
    await host.runtime.delete(container.id, true);
  });

  it('has a time namespace of its own on request', async () => {
    const container = await start(['sleep', '60'], { timeNamespace: true });
    expect(host.runtime.inspect(container.id).namespaces.find((one) => one.type === 'time')?.initial).toBe(false);
    await host.runtime.delete(container.id, true);
  });

  it('shows / for every hierarchy in /proc/self/cgroup inside', async () => {
    const { text } = await run(['cat', '/proc/self/cgroup']);
    // Hierarchies without a controller of ours (name=systemd, say) stay where the launcher is, which is / as well here.
    for (const line of text.trim().split('\n')) expect(line).toMatch(/:\/$/);
  });

  it('holds its limits, as the kernel files say', async () => {
    const container = await start(['sleep', '60'], {
      limits: { memoryMaxBytes: 64 * 1024 * 1024, cpuMaxMillis: 500, pidsMax: 20, cpuWeight: 50 },
    });
    expect(host.cgroups.limits(host.runtime.cgroupPath(container))).toMatchObject({
      memoryMaxBytes: 64 * 1024 * 1024,
      cpuMaxMillis: 500,
      pidsMax: 20,
      cpuWeight: 50,
    });
    expect(host.runtime.inspect(container.id).drift).toEqual([]);
    await host.runtime.delete(container.id, true);
  });

  it('says that the OOM killer ended it', async () => {
    const container = await start(['sh', '-c', 'x=a; while :; do x=$x$x; done'], { limits: { memoryMaxBytes: 16 * 1024 * 1024 } });
    expect(await host.runtime.wait(container.id, within(30))).toEqual({ kind: 'signaled', signal: 9, coreDumped: false });
    expect(host.runtime.find(container.id)?.oomKilled).toBe(true);
    await host.runtime.delete(container.id, false);
  });

  it('runs a further process inside, with its own exit code, output and cgroup', async () => {
    const container = await start(['sleep', '60']);
    const { execId } = await host.runtime.exec(container.id, {
      args: ['sh', '-c', 'echo in; hostname; id -u; cat /proc/self/status | grep CapEff; exit 6'],
      env: [],
      cwd: '/',
      user: { uid: 0, gid: 0 },
      terminal: false,
      stdin: false,
    });
    const items = [];
    for await (const item of host.runtime.output(container.id, { execId, follow: true }, within(10))) items.push(item);
    expect(items.at(-1)).toEqual({ type: 'exit', exitStatus: { kind: 'exited', code: 6 } });
    const text = await output(container.id, execId);
    expect(text).toContain(`in\n${container.name}\n0\nCapEff:\t00000000800405fb`);
    await host.runtime.delete(container.id, true);
  });

  it('shows inside and outside pids of its processes', async () => {
    const container = await start(['sh', '-c', 'sleep 50 & sleep 60']);
    await expect.poll(() => host.runtime.processes(container.id).length).toBe(3);
    const processes = host.runtime.processes(container.id);
    expect(processes.find((one) => one.pid === container.pid)).toMatchObject({ innerPid: 1, innerUid: 0 });
    expect(new Set(processes.map((one) => one.innerPid)).size).toBe(3);
    await host.runtime.delete(container.id, true);
  });

  it('takes input where it is open', async () => {
    const container = await start(['cat'], { stdin: true });
    await host.runtime.input(container.id, undefined, Buffer.from('one\ntwo\n'), false);
    await host.runtime.input(container.id, undefined, Buffer.from('three\n'), true);
    expect(await output(container.id)).toBe('one\ntwo\nthree\n');
    expect(await host.runtime.wait(container.id, within(5))).toEqual({ kind: 'exited', code: 0 });
    await host.runtime.delete(container.id, false);
  });

  it('drives a terminal: size, input, hang-up free end', async () => {
    const container = await start(['sh'], { terminal: true });
    await host.runtime.resize(container.id, undefined, { columns: 123, rows: 45 });
    await host.runtime.input(container.id, undefined, Buffer.from('stty size; exit 3\n'), false);
    expect(await host.runtime.wait(container.id, within(10))).toEqual({ kind: 'exited', code: 3 });
    expect(await output(container.id)).toContain('45 123');
    await host.runtime.delete(container.id, false);
  });

  const floodLines = repetitions(200_000, 30_000);
  it(`keeps every byte of a flood of ${floodLines} lines, and blocks nobody`, async () => {
    const { text } = await run(['sh', '-c', `seq 1 ${floodLines}`]);
    expect(text.length).toBe(
      Array.from({ length: floodLines }, (_, index) => String(index + 1).length + 1).reduce((sum, length) => sum + length, 0),
    );
  });

  it.each([
    ['a command that is not there', ['no-such-command'], {}, 'invalid', 'no such command in the container'],
    ['a file that is not executable', ['/etc/passwd'], {}, 'invalid', 'not executable'],
    ['a directory that is not there', ['true'], { cwd: '/nowhere' }, 'invalid', 'working directory'],
    ['an unknown image', ['true'], { image: 'debian' }, 'not-found', 'no image debian'],
  ])('refuses %s in one line, and leaves nothing half made', async (_, args, extra, code, message) => {
    const found = () => [...witnessCgroups(cgroupRoot(host.instance.instance)), ...readdirSync(host.instance.paths.containers)];
    const before = new Set(found());
    const failure = await host.runtime.create(boxSpec(args, extra)).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Problem);
    expect(failure).toMatchObject({ code });
    expect((failure as Problem).message).toContain(message);
    // Less may be there: what was prepared for the next container is used up by the try.
    expect(found().filter((one) => !before.has(one))).toEqual([]);
  });

  it('refuses a name that is taken', async () => {
    const container = await start(['sleep', '60'], { name: 'twin' });
    await expect(host.runtime.create(boxSpec(['true'], { name: 'twin' }))).rejects.toMatchObject({ code: 'conflict' });
    await expect(host.runtime.delete(container.id, false)).rejects.toMatchObject({ code: 'conflict' });
    await host.runtime.delete(container.id, true);
  });

  it('gives each container ids that no other has, and none of /etc/subuid', async () => {
    const all = await Promise.all([1, 2, 3].map(() => start(['sleep', '60'])));
    const ranges = all.map((one) => host.runtime.inspect(one.id).idMapping.hostId);
    expect(new Set(ranges).size).toBe(3);
    const subordinate = readFileSync('/etc/subuid', 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(':').map(Number));
    for (const hostId of ranges)
      for (const [, begin = 0, count = 0] of subordinate) expect(hostId + 65_536 <= begin || hostId >= begin + count).toBe(true);
    await Promise.all(all.map((one) => host.runtime.delete(one.id, true)));
  });

  it('removes itself where it was asked to', async () => {
    const container = await start(['true'], { autoRemove: true });
    await expect.poll(() => host.runtime.find(container.id), { timeout: 10_000 }).toBeUndefined();
    expect(witnessCgroups(container.id)).toEqual([]);
  });

  it("counts a container of a few milliseconds exactly: readings of a tenant add up to the kernel's own counter", async () => {
    const tenantId = 'exact';
    const before = host.finalReadings.size;
    const ids: string[] = [];
    for (let index = 0; index < 10; index += 1) {
      const container = await start(['sh', '-c', 'i=0; while [ $i -lt 500 ]; do i=$((i+1)); done'], { tenantId });
      ids.push(container.id);
      await host.runtime.wait(container.id, within(10));
      await host.runtime.delete(container.id, false);
    }
    expect(host.finalReadings.size).toBe(before + 10);
    using reader = host.cgroups.reader(`${cgroupRoot(host.instance.instance)}/${tenantId}`);
    const tenant = reader.read();
    const sum = (field: 'cpuUsageNsec' | 'cpuUsageUsec'): bigint =>
      ids.reduce((counted, id) => counted + BigInt(host.finalReadings.get(id)?.[field] ?? -1), 0n);
    if (tenant.cpuUsageNsec !== undefined) {
      expect(sum('cpuUsageNsec')).toBe(BigInt(tenant.cpuUsageNsec));
      expect(sum('cpuUsageNsec')).toBeGreaterThan(0n);
    } else {
      // cgroup v2 tells whole microseconds, of each group apart: what is cut off is less than one a container.
      const missing = BigInt(tenant.cpuUsageUsec ?? -1) - sum('cpuUsageUsec');
      expect(missing).toBeGreaterThanOrEqual(0n);
      expect(missing).toBeLessThan(BigInt(ids.length));
      expect(sum('cpuUsageUsec')).toBeGreaterThan(0n);
    }
  });

  it('finds its containers again after the agent was killed, with output and exit status', async () => {
    const container = await start(['sh', '-c', 'echo before; sleep 1; echo after; exit 8']);
    await host.restart();
    expect(host.runtime.find(container.id)).toMatchObject({ status: 'running', pid: container.pid });
    expect(await host.runtime.wait(container.id, within(10))).toEqual({ kind: 'exited', code: 8 });
    expect(await output(container.id)).toBe('before\nafter\n');
    await host.runtime.delete(container.id, false);
  });

  it('is told on its return what ended while the agent was away', async () => {
    const container = await start(['sh', '-c', 'sleep 0.2; exit 9']);
    await host.runtime[Symbol.asyncDispose]();
    await new Promise((resolve) => setTimeout(resolve, 600));
    await host.restart();
    expect(host.runtime.find(container.id)).toMatchObject({ status: 'stopped', exitStatus: { kind: 'exited', code: 9 } });
    await host.runtime.delete(container.id, false);
  });

  it('keeps containers running when the launcher is killed, drains their output again, and knows how they ended', async () => {
    const container = await start(['sh', '-c', 'echo one; sleep 1.2; echo two; exit 5']);
    await expect.poll(() => readFileSync(`${host.instance.paths.containerLogs}/${container.id}.log`, 'utf8')).toContain('one');
    const gone = new Promise((resolve) => host.instance.launcher.once('exit', resolve));
    host.instance.launcher.kill('SIGKILL');
    await gone;
    expect(host.runtime.find(container.id)?.status).toBe('running');
    await host.instance.restartLauncher();
    const exitStatus = await host.runtime.wait(container.id, within(10));
    // From Linux 6.15 on the kernel tells the status to whoever holds a pidfd; before, it is unknown, never 0.
    expect(exitStatus).toBeDefined();
    if (exitStatus?.kind === 'exited') expect(exitStatus.code).toBe(5);
    else expect(exitStatus?.kind).toBe('unknown');
    expect(await output(container.id)).toBe('one\ntwo\n');
    await host.runtime.delete(container.id, false);
  });
});

describeNeeds(
  { root: true, cgroup: 'any', userNamespaces: true, controllers: ['cpu', 'memory', 'pids'] },
  'container runtime that dies at a step',
  () => {
    let program: string;
    beforeAll(async () => {
      program = await supportProgram('dying-runtime');
    });
    const points = [
      'create:journalled',
      'create:cgroup',
      'create:launched',
      'start:journalled',
      'start:told',
      'delete:journalled',
      'delete:stopped',
      'delete:read',
      'delete:cgroup',
    ];

    it.each(points)('is finished or undone after kill -9 at %s, and a second recovery changes nothing', async (point) => {
      await using host = await startTestRuntime();
      await host.runtime[Symbol.asyncDispose]();
      const { paths, instance } = host.instance;
      const dying = spawnSync(process.execPath, [program, paths.state, instance, point, 'mortal'], { encoding: 'utf8' });
      expect({ signal: dying.signal, stderr: dying.stderr }).toEqual({ signal: 'SIGKILL', stderr: '' });
      await host.restart();
      // Whether its start came through is the kernel's to say: it is there, or it can be removed as it is.
      const survivor = host.runtime.find('mortal');
      if (survivor !== undefined) {
        expect(point).toMatch(/^start:/);
        expect(['created', 'running']).toContain(survivor.status);
        await host.runtime.delete(survivor.id, true);
      }
      expect(host.runtime.list()).toEqual([]);
      expect(witnessCgroups(cgroupRoot(instance)).filter((path) => /[0-9a-f]{16}/.test(path))).toEqual([]);
      expect(readdirSync(paths.containers)).toEqual([]);
      expect(readdirSync(paths.containerLogs)).toEqual([]);
      expect(await host.restart()).toEqual({ finished: [], undone: [] });
    });
  },
);

describeNeeds(
  { root: true, cgroup: 'any', userNamespaces: true, controllers: ['cpu', 'memory', 'pids'] },
  'container runtime after the launcher was killed',
  () => {
    const killLauncher = async (host: TestRuntime): Promise<void> => {
      const gone = new Promise((resolve) => host.instance.launcher.once('exit', resolve));
      host.instance.launcher.kill('SIGKILL');
      await gone;
    };

    it('loses no byte and no status of a container that ends while there is no launcher', async () => {
      await using host = await startTestRuntime();
      const { container } = await host.runtime.create(boxSpec(['sh', '-c', 'echo one; sleep 0.5; seq 1 5000; exit 5']));
      await host.runtime.start(container.id);
      // What a launcher has taken out of the pipe and not written yet dies with it; nothing is under way once this line is there.
      await expect.poll(() => readFileSync(`${host.instance.paths.containerLogs}/${container.id}.log`, 'utf8')).toContain('one');
      await killLauncher(host);
      const exitStatus = await host.runtime.wait(container.id, within(10));
      // From Linux 6.15 on the kernel tells the status to whoever holds a pidfd; before, it is unknown, never 0.
      if (exitStatus?.kind === 'exited') expect(exitStatus.code).toBe(5);
      else expect(exitStatus?.kind).toBe('unknown');
      const parts: Buffer[] = [];
      for await (const item of host.runtime.output(container.id, { follow: true }, within(10)))
        if (item.type === 'output') parts.push(item.data);
      expect(Buffer.concat(parts).toString()).toBe(`one\n${Array.from({ length: 5000 }, (_, index) => `${index + 1}\n`).join('')}`);
      await host.instance.restartLauncher();
      const deleted = () =>
        host.runtime.delete(container.id, false).then(
          () => true,
          () => false,
        );
      await expect.poll(deleted, { timeout: 10_000 }).toBe(true);
    });

    it('still deletes by force what the dead launcher had started, a waiting reader and a terminal too', async () => {
      await using host = await startTestRuntime();
      const started = [];
      for (const extra of [{ stdin: true }, { terminal: true }, {}]) {
        const { container } = await host.runtime.create(boxSpec(['cat'], extra));
        started.push((await host.runtime.start(container.id)).container);
      }
      const back = new Promise<void>((resolve) => {
        host.runtime.onChange((change) => {
          if (change.type === 'launcher-back') resolve();
        });
      });
      await killLauncher(host);
      await host.instance.restartLauncher();
      await back;
      for (const container of started) await host.runtime.delete(container.id, true);
      expect(host.runtime.list()).toEqual([]);
      expect(witnessCgroups(cgroupRoot(host.instance.instance)).filter((path) => /[0-9a-f]{16}/.test(path))).toEqual([]);
    });
  },
);
