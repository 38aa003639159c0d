import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { NamespaceTracker } from '@bulkhead/namespace';
import { type BenchResult, median, shuffle } from './result.ts';

/** Numbers that are left to everybody else on the host, and memory a process may take at most: 100 kB each. */
const leftPids = 3000;
const leftMemoryKilobytes = 4_000_000;
const kilobytesEach = 100;
const changes = 5;

/** Forks as often as it is told, says so, and ends with all its children when its input does. */
const source = `#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>
int main(int argc, char **argv) {
  int made = 0, wanted = atoi(argv[1]);
  char byte;
  signal(SIGTERM, SIG_IGN);
  for (; made < wanted; made++) {
    pid_t pid = fork();
    if (pid < 0) break;
    if (pid == 0) {
      signal(SIGTERM, SIG_DFL);
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      for (;;) pause();
    }
  }
  printf("%d\\n", made);
  fflush(stdout);
  while (read(0, &byte, 1) > 0) {}
  return 0;
}
`;

const readNumber = (path: string): number => Number(readFileSync(path, 'utf8'));

/** How many more processes this host takes without harm. */
function room(): number {
  const threads = readFileSync('/proc/loadavg', 'utf8').split(' ')[3]?.split('/')[1];
  const most = Math.min(readNumber('/proc/sys/kernel/pid_max'), readNumber('/proc/sys/kernel/threads-max'), 32_768);
  const available = Number(/MemAvailable:\s+(\d+)/.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]);
  return Math.min(most - Number(threads) - leftPids, Math.floor((available - leftMemoryKilobytes) / kilobytesEach));
}

/** The longest time that a piece of work keeps everybody else on this thread waiting, in milliseconds. */
async function longestTurn(work: Promise<unknown>): Promise<number> {
  using delay = Object.assign(monitorEventLoopDelay({ resolution: 1 }), { [Symbol.dispose]: () => void delay.disable() });
  delay.enable();
  await work;
  // It counts from one of its own ticks to the next.
  return Math.max(0, delay.max / 1e6 - 1);
}

async function look(options: ConstructorParameters<typeof NamespaceTracker>[0]): Promise<number> {
  using tracker = new NamespaceTracker(options);
  await tracker.open();
  const begin = performance.now();
  for (const _ of tracker.scanInSlices(Number.POSITIVE_INFINITY));
  tracker.show();
  return performance.now() - begin;
}

/** Time until something that happens is told, in milliseconds. */
async function seen(isTold: () => boolean): Promise<number> {
  const begin = performance.now();
  while (!isTold()) {
    if (performance.now() - begin > 20_000) return Number.POSITIVE_INFINITY;
    await sleep(5);
  }
  return performance.now() - begin;
}

const inodeOf = (path: string): string => execFileSync('stat', ['-Lc', '%i', path], { encoding: 'utf8' }).trim();

async function endOf(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/** How late each of a few changes is seen: a process in new namespaces, a descriptor, a bind mount, and their ends. */
async function benchChanges(
  told: ReadonlyMap<string, { mounts: number; descriptors: number }>,
): Promise<Record<'task' | 'mount' | 'descriptor', number[]>> {
  const late = { task: [] as number[], mount: [] as number[], descriptor: [] as number[] };
  for (let round = 0; round < changes; round += 1) {
    const child = spawn('unshare', ['--uts', 'sleep', '600'], { stdio: 'ignore' });
    while (readFileSync(`/proc/${child.pid}/comm`, 'utf8') !== 'sleep\n') await sleep(1);
    const ino = inodeOf(`/proc/${child.pid}/ns/uts`);
    late.task.push(await seen(() => told.has(ino)));
    const holder = spawn('sh', ['-c', `exec 9</proc/${child.pid}/ns/uts; exec sleep 600`], { stdio: 'ignore' });
    late.descriptor.push(await seen(() => (told.get(ino)?.descriptors ?? 0) > 0));
    const name = `bulkhead-bench-${process.pid}`;
    execFileSync('ip', ['netns', 'add', name]);
    const network = inodeOf(`/run/netns/${name}`);
    late.mount.push(await seen(() => (told.get(network)?.mounts ?? 0) > 0));
    execFileSync('ip', ['netns', 'delete', name]);
    late.mount.push(await seen(() => !told.has(network)));
    await endOf(holder);
    await endOf(child);
    late.task.push(await seen(() => !told.has(ino)));
  }
  return late;
}

/** The namespaces of a host with as many processes as it takes. */
export async function run(): Promise<BenchResult[]> {
  const directory = mkdtempSync(join(tmpdir(), 'bulkhead-bench-'));
  let crowd: ChildProcess | undefined;
  try {
    writeFileSync(join(directory, 'crowd.c'), source);
    execFileSync('cc', ['-O2', '-static', '-o', join(directory, 'crowd'), join(directory, 'crowd.c')]);
    crowd = spawn(join(directory, 'crowd'), [String(room())], { stdio: ['pipe', 'pipe', 'inherit'] });
    const made = Number(String((await once(crowd.stdout as NodeJS.ReadableStream, 'data'))[0]));
    const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).length;
    // lsns takes minutes here: it compares each process with all others. The peer is our own walk over /proc.
    const contenders = [
      { times: [] as number[], options: { onChange: () => undefined } },
      { times: [] as number[], options: { onChange: () => undefined, openIterator: () => Promise.reject(new Error('to compare')) } },
    ] as const;
    for (let round = 0; round < 3; round += 1) for (const { times, options } of shuffle(contenders)) times.push(await look(options));
    const [ours, peer] = [contenders[0].times, contenders[1].times];
    const told = new Map<string, { mounts: number; descriptors: number }>();
    using tracker = new NamespaceTracker({
      onChange({ namespaces, removedNamespaces }) {
        for (const key of removedNamespaces) told.delete(key.split('-')[1] as string);
        for (const { ino, holders } of namespaces) told.set(ino, { mounts: holders.mountCount, descriptors: holders.descriptorCount });
      },
    });
    const starting = tracker.start();
    const atStart = await longestTurn(starting);
    const whole = tracker.inventory.processes.size;
    const late = await benchChanges(told);
    const before = process.cpuUsage();
    const quietTurn = await longestTurn(sleep(5000));
    const { user, system } = process.cpuUsage(before);
    const crowdGone = once(crowd, 'exit');
    crowd.stdin?.end();
    await crowdGone;
    const recovered = await seen(() => tracker.inventory.processes.size < processes - made + 500);
    const worst = Math.max(...late.task, ...late.descriptor, ...late.mount);
    const failures = [Math.abs(whole - processes) > 500, made < 1000, !Number.isFinite(worst), !Number.isFinite(recovered)].filter(
      Boolean,
    ).length;
    return [
      {
        name: `crowd (everything, ${processes} processes)`,
        unit: 'ms',
        ours: median(ours),
        peer: median(peer),
        ratio: median(peer) / median(ours),
        goal: { atLeast: 5 },
        failures,
        notes: [
          `${made} made for this; ${((median(ours) * 1000) / processes).toFixed(1)} us each; peer is our own look by /proc`,
          `all their ends taken up in ${recovered.toFixed(0)} ms`,
        ],
      },
      {
        name: 'crowd (the longest that others on the thread wait)',
        unit: 'ms',
        ours: atStart,
        peer: Number.NaN,
        ratio: atStart,
        goal: { atMost: 100 },
        failures,
        notes: [`while everything is read, in slices of 6 ms; afterwards ${quietTurn.toFixed(0)}`],
      },
      {
        name: `crowd (a change seen, the latest of ${late.task.length + late.descriptor.length + late.mount.length})`,
        unit: 'ms',
        ours: worst,
        peer: Number.NaN,
        ratio: worst,
        goal: { atMost: 1000 },
        failures,
        notes: [
          Object.entries(late)
            .map(([kind, times]) => `${kind} ${median(times).toFixed(0)} (latest ${Math.max(...times).toFixed(0)})`)
            .join(', '),
          `beside them the tracker takes ${((user + system) / 50_000).toFixed(1)} % of a CPU`,
        ],
      },
    ];
  } finally {
    crowd?.kill('SIGKILL');
    rmSync(directory, { recursive: true });
  }
}
