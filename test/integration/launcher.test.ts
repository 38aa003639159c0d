import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LaunchError, LauncherClient, type LauncherExit, planContainer, planLayout, readHostTemplate } from '@bulkhead/container/launcher';
import { ContainerSpec, type ExitStatus } from '@bulkhead/model';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { repetitions } from '../support/emulation.ts';
import { startTestInstance, type TestInstance } from '../support/launcher.ts';
import { describeNeeds } from '../support/needs.ts';

const template = readHostTemplate();
const layout = planLayout(template, ['user', 'mount', 'pid', 'network', 'uts', 'ipc', 'cgroup']);

describeNeeds({ root: true, userNamespaces: true }, 'launcher', () => {
  let instance: TestInstance;
  let client: LauncherClient;
  const exits = new Map<string, (exit: LauncherExit) => void>();
  let lost = 0;
  let count = 0;

  const connect = async () => {
    client = LauncherClient.open(
      instance.paths.launcherSocket,
      (exit) => exits.get(exit.id)?.(exit),
      () => {
        lost += 1;
      },
    );
    return client.hello();
  };

  beforeAll(async () => {
    instance = await startTestInstance();
    await connect();
  });
  afterAll(() => instance?.[Symbol.asyncDispose]());

  const descriptors = (): number => readdirSync(`/proc/${instance.launcher.pid}/fd`).length;
  const children = (): string[] =>
    readFileSync(`/proc/${instance.launcher.pid}/task/${instance.launcher.pid}/children`, 'utf8').trim().split(' ').filter(Boolean);

  const create = async (args: string[], extra: Partial<ContainerSpec> = {}) => {
    count += 1;
    const id = count.toString(16).padStart(16, '0');
    const spec = ContainerSpec.parse({ name: `c${count}`, image: 'host', args, ...extra });
    const directory = `${instance.paths.containers}/${id}`;
    mkdirSync(directory, { recursive: true });
    const logFile = `${instance.paths.containerLogs}/${id}.log`;
    writeFileSync(logFile, '');
    const exited = new Promise<LauncherExit>((resolve) => exits.set(id, resolve));
    const { message, fds } = await client.ask(
      {
        type: 'create',
        id,
        sandbox: client.sandbox(layout, 0x5000_0000, 65_536),
        plan: planContainer(spec),
        output: { directory, logFile, logMaxBytes: 1_000_000 },
        entry: 'tasks',
        start: false,
        forgetAtEnd: false,
      },
      'created',
    );
    for (const fd of fds) fd[Symbol.dispose]();
    return {
      id,
      pid: message.pid,
      steps: message.steps,
      exited,
      log: () => readFileSync(logFile, 'utf8'),
      start: () => client.ask({ type: 'start', id }, 'started'),
      directory,
      logFile,
    };
  };

  const run = async (args: string[], extra: Partial<ContainerSpec> = {}): Promise<{ exitStatus: ExitStatus; log: string }> => {
    const one = await create(args, extra);
    await one.start();
    const { exitStatus } = await one.exited;
    const log = one.log();
    await client.ask({ type: 'forget', id: one.id }, 'done');
    rmSync(one.directory, { recursive: true });
    rmSync(one.logFile);
    return { exitStatus, log };
  };
  /** What the program wrote: of a full line the end belongs to it, of a part not. */
  const text = (log: string): string =>
    log.replaceAll(/^\S+ std\w+ ([FP]) (.*)\n/gm, (_, tag, content) => (tag === 'F' ? `${content}\n` : content));

  it('passes the exit code on, and the signal', async () => {
    expect((await run(['sh', '-c', 'exit 7'])).exitStatus).toEqual({ kind: 'exited', code: 7 });
    const one = await create(['sleep', '100']);
    await one.start();
    process.kill(one.pid, 'SIGKILL');
    expect((await one.exited).exitStatus).toEqual({ kind: 'signaled', signal: 9, coreDumped: false });
    await client.ask({ type: 'forget', id: one.id }, 'done');
  });

  it('gives a program capabilities, signals, ids and limits as they should be, and nothing open but 0, 1 and 2', async () => {
    const { log } = await run([
      'sh',
      '-c',
      'cat /proc/self/status; cat /proc/self/uid_map; ls -1 /proc/self/fd | wc -l; umask; cat /proc/self/cgroup; ulimit -Sn; stat -c %a /tmp',
    ]);
    const output = text(log);
    for (const set of ['CapPrm', 'CapEff', 'CapBnd']) expect(output).toContain(`${set}:\t00000000800405fb`);
    for (const set of ['CapInh', 'CapAmb']) expect(output).toContain(`${set}:\t0000000000000000`);
    for (const mask of ['SigBlk', 'SigIgn', 'SigCgt']) expect(output).toMatch(new RegExp(`${mask}:\\t0000000000000000`));
    expect(output).toContain('NoNewPrivs:\t1');
    expect(output).toMatch(/^\s+0 1342177280\s+65536$/m);
    // ls has the directory itself open beside the three.
    expect(output).toMatch(/^4$/m);
    expect(output).toMatch(/^0022$/m);
    expect(output).toMatch(/^1024$/m);
    expect(output).toMatch(/^1777$/m);
  });

  it("shows a root with the host's /usr read-only, own /etc, /tmp, /dev and /proc, and nothing else of the host", async () => {
    const { log } = await run([
      'sh',
      '-c',
      'touch /usr/x; ls /; echo; ps -e --no-headers | wc -l; cat /etc/hostname; echo x > /tmp/x && cat /tmp/x; echo y > /dev/null; head -c1 /proc/kcore | wc -c; echo 1 > /proc/sysrq-trigger; ls /run/bulkhead; ip -o link | wc -l; ip -o addr show lo | head -1',
    ]);
    const output = text(log);
    expect(output).toContain("touch: cannot touch '/usr/x': Read-only file system");
    expect(output).toMatch(/^c\d+$/m);
    expect(output).toMatch(/sysrq-trigger: (Permission denied|Read-only file system|Directory nonexistent)/);
    expect(output).toContain("cannot access '/run/bulkhead'");
    expect(output).toContain('inet 127.0.0.1/8');
    expect(output).not.toContain('home/');
  });

  it('says which command is missing, before anything is started, and leaves no child', async () => {
    const before = children().length;
    const failure = await create(['no-such-command']).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(LaunchError);
    expect(failure).toMatchObject({ syscall: 'execve', code: 'ENOENT' });
    expect(children().length).toBe(before);
  });

  it('gives a terminal that is one inside', async () => {
    const { log, exitStatus } = await run(['sh', '-c', 'tty; test -t 0 && test -t 1 && stty size'], { terminal: true });
    expect(exitStatus).toEqual({ kind: 'exited', code: 0 });
    expect(log).toContain('/dev/pts/0');
  });

  it('records the exit under /run before it tells', async () => {
    const one = await create(['sh', '-c', 'exit 3']);
    await one.start();
    await one.exited;
    expect(JSON.parse(readFileSync(`${one.directory}/exit.json`, 'utf8'))).toMatchObject({
      pid: one.pid,
      exitStatus: { kind: 'exited', code: 3 },
    });
    await client.ask({ type: 'forget', id: one.id }, 'done');
  });

  it('replaces itself by execve with the same pid, the same children and their output', async () => {
    const one = await create(['sh', '-c', 'echo before; sleep 0.6; echo after; exit 5']);
    await one.start();
    const pid = instance.launcher.pid;
    const waiting = await create(['sh', '-c', 'exit 9']);
    await client.ask({ type: 'upgrade', program: join(process.cwd(), 'apps/agent/dist/launcher.mjs') }, 'done');
    expect(lost).toBe(0);
    expect(instance.launcher.pid).toBe(pid);
    expect((await one.exited).exitStatus).toEqual({ kind: 'exited', code: 5 });
    expect(text(one.log())).toBe('before\nafter\n');
    await waiting.start();
    expect((await waiting.exited).exitStatus).toEqual({ kind: 'exited', code: 9 });
    for (const { id } of [one, waiting]) await client.ask({ type: 'forget', id }, 'done');
  });

  it('is told to a second agent which processes it holds', async () => {
    const one = await create(['sleep', '100']);
    await one.start();
    client[Symbol.dispose]();
    const hello = await connect();
    expect(hello.processes).toMatchObject([{ id: one.id, pid: one.pid, state: 'running' }]);
    const exited = new Promise<LauncherExit>((resolve) => exits.set(one.id, resolve));
    process.kill(one.pid, 'SIGTERM');
    process.kill(one.pid, 'SIGKILL');
    expect((await exited).exitStatus.kind).toBe('signaled');
    await client.ask({ type: 'forget', id: one.id }, 'done');
  });

  it('leaves a container that waits none of its memory, and lets nobody look into it', async () => {
    const one = await create(['sleep', '100']);
    const mappings = readFileSync(`/proc/${one.pid}/maps`, 'utf8').trim().split('\n');
    // The interpreter, the slot, the page of rseq(2), and the kernel's own.
    expect(mappings.filter((line) => !line.endsWith('[vsyscall]')).length).toBeLessThanOrEqual(3);
    // Files of /proc of a process that is not dumpable are root's, whoever it is.
    expect(statSync(`/proc/${one.pid}/maps`).uid).toBe(0);
    expect(/^Uid:\t(\d+)/m.exec(readFileSync(`/proc/${one.pid}/status`, 'utf8'))?.[1]).toBe(String(0x5000_0000));
    expect(readFileSync(`/proc/${one.pid}/environ`)).toHaveLength(0);
    await client.ask({ type: 'forget', id: one.id }, 'done');
  });

  it('takes containers that wait with it when it is killed', async () => {
    const one = await create(['sleep', '100']);
    const ended = new Promise((resolve) => instance.launcher.once('exit', resolve));
    instance.launcher.kill('SIGKILL');
    await ended;
    // Whoever inherits it may leave it a zombie.
    const state = (): string =>
      (existsSync(`/proc/${one.pid}`) ? /\) (\S)/.exec(readFileSync(`/proc/${one.pid}/stat`, 'utf8'))?.[1] : 'Z') ?? '';
    await expect.poll(state).toBe('Z');
    await instance.restartLauncher();
    await connect();
  });

  const forks = repetitions(10_000, 300);
  it(`forks ${forks} times with no failed child, no zombie and no leaked descriptor`, { timeout: 600_000 }, async () => {
    await run(['true']);
    const before = { descriptors: descriptors(), children: children().length };
    for (let done = 0; done < forks; done += 100) {
      const { message } = await client.ask({ type: 'self-test', forks: 100 }, 'tested');
      expect(message.failures).toEqual([]);
    }
    for (let round = 0; round < repetitions(100, 10); round += 1)
      expect((await run(['true'])).exitStatus).toEqual({ kind: 'exited', code: 0 });
    expect({ descriptors: descriptors(), children: children().length }).toEqual(before);
  });

  it('ends when it is told to and holds nothing', async () => {
    const ended = new Promise((resolve) => instance.launcher.once('exit', resolve));
    await client.ask({ type: 'shutdown' }, 'done');
    expect(await ended).toBe(0);
  });
});
