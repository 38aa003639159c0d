import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { planContainer, planHostRoot, readHostTemplate } from '@bulkhead/container/launcher';
import { ContainerSpec } from '@bulkhead/model';
import { startBenchAgent } from './bench-agent.ts';
import { type BenchResult, median, shuffle } from './result.ts';

const rounds = 8;
const startsPerBlock = 10;
const idleMsec = 60;
const hostId = 0x7000_0000;

const pause = (msec: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, msec));

/** One way to start a container, see its end and remove it. @returns milliseconds of wall time */
interface Contender extends AsyncDisposable {
  start(): Promise<number>;
}

/** The built agent, asked through its socket as the command line does. */
async function ours(): Promise<Contender & { memory(): string }> {
  const agent = await startBenchAgent();
  let count = 0;
  return {
    memory: agent.memory,
    async start() {
      count += 1;
      const container = `bench-${count}`;
      const begin = performance.now();
      const spec = { name: container, image: 'host', args: ['/usr/bin/true'], autoRemove: true };
      const { exitStatus } = await agent.call('container.run', { ...spec, waitSeconds: 10, transcript: false }, 'POST');
      const took = performance.now() - begin;
      if (JSON.stringify(exitStatus) !== '{"kind":"exited","code":0}') throw new Error(`ended with ${JSON.stringify(exitStatus)}`);
      return took;
    },
    [Symbol.asyncDispose]: () => agent[Symbol.asyncDispose](),
  };
}

/** config.json with the namespaces, mounts, ids, capabilities and paths that ours has (OCI runtime specification). */
function makeBundle(directory: string, cgroupsPath: string): void {
  const template = readHostTemplate();
  const plan = planHostRoot(template);
  const { files, process: program } = planContainer(ContainerSpec.parse({ name: 'bench', image: 'host', args: ['/usr/bin/true'] }));
  const rootfs = join(directory, 'rootfs');
  for (const { path } of [{ path: '/' }, ...plan.directories]) mkdirSync(join(rootfs, path), { recursive: true });
  for (const link of plan.symlinks) if (!link.path.startsWith('/dev/')) symlinkSync(link.target, join(rootfs, link.path));
  for (const file of files) writeFileSync(join(rootfs, file.path), file.content);
  const capabilities = [
    'CHOWN',
    'DAC_OVERRIDE',
    'FOWNER',
    'FSETID',
    'KILL',
    'SETGID',
    'SETUID',
    'SETPCAP',
    'SETFCAP',
    'NET_BIND_SERVICE',
    'SYS_CHROOT',
  ].map((name) => `CAP_${name}`);
  const map = [{ containerID: 0, hostID: hostId, size: 65_536 }];
  writeFileSync(
    join(directory, 'config.json'),
    JSON.stringify({
      ociVersion: '1.0.2',
      process: {
        terminal: false,
        user: { uid: 0, gid: 0 },
        args: program.args,
        env: program.env,
        cwd: '/',
        capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
        noNewPrivileges: true,
      },
      root: { path: 'rootfs', readonly: false },
      hostname: 'bench',
      mounts: [
        { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'nodev', 'noexec'] },
        { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755', 'size=65536k'] },
        {
          destination: '/dev/pts',
          type: 'devpts',
          source: 'devpts',
          options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
        },
        { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
        ...plan.binds.map((bind) => ({
          destination: bind.target,
          type: 'none',
          source: bind.source,
          options: ['rbind', 'ro', 'nosuid', 'nodev'],
        })),
      ],
      linux: {
        cgroupsPath,
        uidMappings: map,
        gidMappings: map,
        namespaces: ['pid', 'network', 'ipc', 'uts', 'mount', 'user', 'cgroup'].map((type) => ({ type })),
        maskedPaths: plan.maskedPaths,
        readonlyPaths: plan.readonlyPaths,
      },
    }),
  );
}

/** Starts a program once for each line it reads, by posix_spawn(3), and prints the nanoseconds from there to its end. */
const timer = `
import os, sys, time
for n, line in enumerate(sys.stdin):
    begin = time.monotonic_ns()
    pid = os.posix_spawn(sys.argv[1], sys.argv[1:] + [f"{line.strip()}-{n}"], os.environ)
    _, status = os.waitpid(pid, 0)
    print(time.monotonic_ns() - begin, status, flush=True)
`;

/** Debian's crun, in a mount namespace without the unified hierarchy: it refuses a hybrid one. */
async function crun(): Promise<Contender> {
  const directory = mkdtempSync(join(tmpdir(), 'bulkhead-bench-'));
  // The container's root must be able to reach its rootfs.
  chmodSync(directory, 0o755);
  const name = `bulkhead-bench-${randomBytes(3).toString('hex')}`;
  makeBundle(directory, `/${name}/c`);
  const unified = '/sys/fs/cgroup/unified';
  const script = `${existsSync(unified) ? `umount ${unified};` : ''} exec python3 -u -c '${timer}' /usr/bin/crun --root ${directory}/state run --bundle ${directory}`;
  const child = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async start() {
      child.stdin.write(`${name}\n`);
      const [nsec, status] = String((await lines.next()).value)
        .split(' ')
        .map(Number);
      if (status !== 0 || nsec === undefined) throw new Error(`crun ended with status ${status}`);
      return nsec / 1e6;
    },
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.stdin.end();
      await ended;
      rmSync(directory, { recursive: true, force: true });
      // crun makes its cgroup in hierarchies without a controller too.
      for (const hierarchy of readdirSync('/sys/fs/cgroup')) {
        for (const path of [`/sys/fs/cgroup/${hierarchy}/${name}/c`, `/sys/fs/cgroup/${hierarchy}/${name}`])
          if (existsSync(path)) rmdirSync(path);
      }
    },
  };
}

/** Create, start, exit seen, deleted, in blocks of shuffled order; back to back and with idle time before each. */
export async function run(): Promise<BenchResult[]> {
  await using contenders = new AsyncDisposableStack();
  const mine = contenders.use(await ours());
  const theirs = contenders.use(await crun());
  const idleMemory = mine.memory();
  for (let warm = 0; warm < 20; warm += 1) {
    await mine.start();
    await theirs.start();
  }
  const results: BenchResult[] = [];
  for (const [mode, gapMsec, atLeast] of [
    ['back to back', 0, 1],
    ['with idle gaps', idleMsec, 2],
  ] as const) {
    const times = { ours: [] as number[], peer: [] as number[] };
    let failures = 0;
    for (let round = 0; round < rounds; round += 1) {
      for (const who of shuffle(['ours', 'peer'] as const)) {
        for (let index = 0; index < startsPerBlock; index += 1) {
          if (gapMsec > 0) await pause(gapMsec);
          try {
            times[who].push(await (who === 'ours' ? mine : theirs).start());
          } catch (failure) {
            failures += 1;
            console.error(String(failure));
          }
        }
      }
    }
    const own = median(times.ours);
    const peer = median(times.peer);
    results.push({
      name: `start, ${mode}`,
      unit: 'ms',
      ours: own,
      peer,
      ratio: peer / own,
      goal: { atLeast },
      failures,
      notes: [`memory: before ${idleMemory}; now ${mine.memory()}`],
    });
  }
  return results;
}
