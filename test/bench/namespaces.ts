import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NamespaceChange } from '@bulkhead/api';
import { NamespaceTracker, type TaskSource, TaskWatch } from '@bulkhead/namespace';
import { type BenchResult, median, shuffle } from './result.ts';

const extraProcesses = 1000;
const rounds = 15;
const warmUps = 3;
const changesPerRound = 10;
const kinds = ['--net', '--uts', '--ipc', '--mount', '--cgroup'];

/** A walk as bare as it can be: for each process the eight links, stat and cgroup, nothing kept. */
const floorSource = `#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
int main(void) {
  static const char *links[] = {"user", "mnt", "pid", "net", "uts", "ipc", "cgroup", "time"}, *files[] = {"stat", "cgroup"};
  char path[300], into[65536];
  DIR *proc = opendir("/proc");
  for (struct dirent *entry; (entry = readdir(proc)) != NULL;) {
    if (entry->d_name[0] < '0' || entry->d_name[0] > '9') continue;
    for (int i = 0; i < 8; i++) {
      snprintf(path, sizeof path, "/proc/%s/ns/%s", entry->d_name, links[i]);
      if (readlink(path, into, sizeof into) < 0) continue;
    }
    for (int i = 0; i < 2; i++) {
      snprintf(path, sizeof path, "/proc/%s/%s", entry->d_name, files[i]);
      int fd = open(path, O_RDONLY);
      if (fd < 0) continue;
      if (read(fd, into, sizeof into) < 0) continue;
      close(fd);
    }
  }
  return 0;
}
`;

/** Processes that sleep, each in namespaces of its own, in one process group. */
class Sleepers implements AsyncDisposable {
  readonly #shell: ChildProcess;
  readonly #wanted: number;

  constructor(count: number) {
    this.#wanted = count;
    const loop = `i=0; while [ $i -lt ${count} ]; do unshare ${kinds.join(' ')} sleep 3600 & i=$((i+1)); done; wait`;
    this.#shell = spawn('sh', ['-c', loop], { stdio: 'ignore', detached: true });
  }

  get pids(): number[] {
    const { pid } = this.#shell;
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  }

  /** Until all of them sleep. */
  async ready(): Promise<void> {
    for (let tries = 0; tries < 600; tries += 1) {
      const { pids } = this;
      if (pids.length === this.#wanted && pids.every((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8') === 'sleep\n')) return;
      await sleep(100);
    }
    throw new Error(`${this.pids.length} of ${this.#wanted} processes could be started`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = once(this.#shell, 'exit');
    process.kill(-(this.#shell.pid as number), 'SIGKILL');
    await gone;
  }
}

/** Time a piece of work takes this thread, in milliseconds. */
function time(work: () => void): number {
  const begin = performance.now();
  work();
  return performance.now() - begin;
}

/** A look at everything by a tracker that knows nothing yet, as a list of everything. */
async function lookAtAll(): Promise<number> {
  using tracker = new NamespaceTracker({ onChange: () => undefined });
  await tracker.open();
  return time(() => {
    for (const _ of tracker.scanInSlices(Number.POSITIVE_INFINITY));
    const { namespaces, workloads } = tracker.show();
    if (namespaces.length < extraProcesses * kinds.length || workloads.length < extraProcesses) throw new Error('not everything was seen');
  });
}

function runOnce(program: string, ...args: string[]): number {
  return time(() => {
    const { status } = spawnSync(program, args, { stdio: ['ignore', 'ignore', 'ignore'] });
    if (status !== 0) throw new Error(`${program} ended with ${status}`);
  });
}

async function benchFull(): Promise<BenchResult & { ours: number }> {
  const directory = mkdtempSync(join(tmpdir(), 'bulkhead-bench-'));
  try {
    writeFileSync(join(directory, 'floor.c'), floorSource);
    execFileSync('cc', ['-O2', '-o', join(directory, 'floor'), join(directory, 'floor.c')]);
    const contenders = [
      { name: 'ours', run: lookAtAll },
      { name: 'peer', run: () => runOnce('lsns', '-n') },
      { name: 'floor', run: () => runOnce(join(directory, 'floor')) },
    ] as const;
    const times = { ours: [] as number[], peer: [] as number[], floor: [] as number[] };
    let failures = 0;
    for (let round = -warmUps; round < rounds; round += 1)
      for (const { name, run } of shuffle(contenders)) {
        try {
          const taken = await run();
          if (round >= 0) times[name].push(taken);
        } catch {
          failures += 1;
        }
        await sleep(20);
      }
    const [ours, peer, floor] = [median(times.ours), median(times.peer), median(times.floor)];
    const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).length;
    return {
      name: `namespaces (everything, ${extraProcesses} extra processes with ${kinds.length} namespaces each)`,
      unit: 'ms',
      ours,
      peer,
      floor,
      ratio: peer / ours,
      goal: { atLeast: 5 },
      failures,
      notes: [
        `peer is lsns -n; floor reads links, stat and cgroup in C and asks for no owner; ${processes} processes, ${((ours * 1000) / processes).toFixed(0)} us each`,
      ],
    };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Ten changes, five ends and five starts, to a tracker that hears of them; and the same when it has to look at everything. */
async function benchChanges(): Promise<BenchResult> {
  let tasks: TaskSource | undefined;
  let told: unknown[] = [];
  using tracker = new NamespaceTracker({
    onChange: (changes, unreadable) => told.push({ type: 'changed', at: new Date().toISOString(), ...changes, unreadable }),
    // Heard when it is asked for, so that exactly this can be timed.
    watchTasks: () => {
      tasks = new TaskWatch(() => undefined);
      return tasks;
    },
  });
  await tracker.start();
  const [ours, full, parse, bytes] = [[], [], [], []] as [number[], number[], number[], number[]];
  let failures = 0;
  const half = changesPerRound / 2;
  let sleepers = new Sleepers(half);
  await sleepers.ready();
  await tracker.settle();
  for (let round = -warmUps; round < rounds; round += 1) {
    const before = sleepers.pids;
    await sleepers[Symbol.asyncDispose]();
    while (before.some((pid) => existsSync(`/proc/${pid}`))) await sleep(10);
    sleepers = new Sleepers(half);
    await sleepers.ready();
    // Nothing but what is timed happens in between.
    told = [];
    const settled = time(() => void tracker.hear(Number.POSITIVE_INFINITY));
    const { processes } = tracker.inventory;
    if (sleepers.pids.some((pid) => !processes.has(pid)) || before.some((pid) => processes.has(pid))) failures += 1;
    const whole = await lookAtAll();
    if (round < 0) continue;
    ours.push(settled);
    full.push(whole);
    bytes.push(Buffer.byteLength(JSON.stringify(told)));
    parse.push(time(() => told.map((item) => NamespaceChange.parse(item))));
  }
  await sleepers[Symbol.asyncDispose]();
  const snapshot = { type: 'snapshot', ...tracker.show() };
  const [show, check, encode] = [
    median(Array.from({ length: 5 }, () => time(() => void tracker.show()))),
    median(Array.from({ length: 5 }, () => time(() => void NamespaceChange.parse(snapshot)))),
    median(Array.from({ length: 5 }, () => time(() => void JSON.stringify(snapshot)))),
  ];
  return {
    name: `namespaces (${changesPerRound} changes, against everything)`,
    unit: 'ms',
    ours: median(ours),
    peer: median(full),
    ratio: median(full) / median(ours),
    goal: { atLeast: 50 },
    failures,
    notes: [
      `peer is our own look at everything; those changes as items of the stream: ${median(bytes).toFixed(0)} bytes, checked in ${median(parse).toFixed(2)} ms`,
      `everything as one item of the stream: ${(Buffer.byteLength(JSON.stringify(snapshot)) / 1e6).toFixed(1)} MB, made in ${show.toFixed(0)} ms, checked in ${check.toFixed(0)} ms, encoded in ${encode.toFixed(0)} ms`,
    ],
  };
}

/** What a tracker takes of a CPU while nothing of interest happens beside 1,000 workloads. */
async function benchIdle(): Promise<BenchResult> {
  using tracker = new NamespaceTracker({ onChange: () => undefined });
  await tracker.start();
  await sleep(2000);
  const seconds = 5;
  const before = process.cpuUsage();
  await sleep(seconds * 1000);
  const { user, system } = process.cpuUsage(before);
  const percent = (user + system) / (seconds * 10_000);
  return {
    name: 'namespaces (idle, percent of one CPU)',
    unit: '%',
    ours: percent,
    peer: Number.NaN,
    ratio: percent,
    goal: { atMost: 4 },
    failures: 0,
    notes: ['all bounds on chores together come to 3 %; what else happens on the host counts in'],
  };
}

/** The namespaces of a host with 1,000 extra processes: everything, ten changes, and nothing. */
export async function run(): Promise<BenchResult[]> {
  await using sleepers = new Sleepers(extraProcesses);
  await sleepers.ready();
  return [await benchFull(), await benchChanges(), await benchIdle()];
}
