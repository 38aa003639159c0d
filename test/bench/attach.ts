import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { detectCgroups } from '@bulkhead/cgroup';
import type { Transcript } from '@bulkhead/model';
import { type BenchAgent, startBenchAgent } from './bench-agent.ts';
import { type BenchResult, median, shuffle } from './result.ts';

const rounds = 24;
const burstsPerRound = 5;
/** Idle time before a start: the kernel forgets within some milliseconds that it had just waited for all CPUs. */
const gapsMsec = [30, 60, 200];

/**
 * What others do, and the least that can be done, for a child that was just forked: its pid written into `cgroup.procs` of
 * each hierarchy from outside (`outside`), as container runtimes do it, and `0` written into each `tasks` by the child
 * itself (`self`). Descriptors are open beforehand. Answers each line with the nanoseconds from the first write to the end
 * of the last, or -1 and what failed.
 */
const writerSource = `
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/wait.h>

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static long long write_all(const int *files, int count, const char *text) {
  size_t length = strlen(text);
  long long begin = now();
  for (int at = 0; at < count; at++)
    if (write(files[at], text, length) != (ssize_t)length) return -errno;
  return now() - begin;
}

int main(int argc, char **argv) {
  int count = argc - 1, procs[64], tasks[64];
  char line[4096];
  for (int at = 0; at < count && at < 64; at++) {
    snprintf(line, sizeof line, "%s/cgroup.procs", argv[at + 1]);
    procs[at] = open(line, O_WRONLY | O_CLOEXEC);
    snprintf(line, sizeof line, "%s/tasks", argv[at + 1]);
    tasks[at] = open(line, O_WRONLY | O_CLOEXEC);
    if (procs[at] < 0 || tasks[at] < 0) { perror(line); return 1; }
  }
  while (fgets(line, sizeof line, stdin)) {
    int self = line[0] == 's', ready[2];
    long long nsec = 0;
    if (pipe2(ready, O_CLOEXEC)) return 1;
    pid_t child = fork();
    if (child == 0) {
      if (self) {
        nsec = write_all(tasks, count, "0");
        write(ready[1], &nsec, sizeof nsec);
        _exit(0);
      }
      pause();
      _exit(0);
    }
    if (self) {
      if (read(ready[0], &nsec, sizeof nsec) != sizeof nsec) return 1;
    } else {
      char text[32];
      snprintf(text, sizeof text, "%d", child);
      nsec = write_all(procs, count, text);
      kill(child, SIGKILL);
    }
    waitpid(child, NULL, 0);
    close(ready[0]);
    close(ready[1]);
    printf("%lld\\n", nsec);
    fflush(stdout);
  }
  return 0;
}
`;

type Way = 'outside' | 'self';

interface Writer extends AsyncDisposable {
  /** By the names of their mount points. */
  hierarchies: readonly string[];
  /** Microseconds of one child's joining. */
  join(way: Way): Promise<number>;
}

/** The program that has children join a group of their own, in the hierarchies and the order in which a container joins its own. */
async function startWriter(): Promise<Writer> {
  await using made = new AsyncDisposableStack();
  const directory = made.adopt(mkdtempSync(join(tmpdir(), 'bulkhead-attach-')), (path) => rmSync(path, { recursive: true, force: true }));
  const cgroups = detectCgroups();
  const group = `test-${randomBytes(3).toString('hex')}`;
  made.defer(() => cgroups.remove(group));
  cgroups.create(group);
  const entry = cgroups.entry(group);
  if (entry.kind !== 'tasks')
    throw new Error('this host has version 2 alone: there a container is born in its group (CLONE_INTO_CGROUP), and joins none');
  const files = entry.files.map(({ label }) => label);
  for (const file of entry.files) file[Symbol.dispose]();
  const [source, program] = [join(directory, 'writer.c'), join(directory, 'writer')];
  writeFileSync(source, writerSource);
  execFileSync('cc', ['-O2', '-Wno-unused-result', '-o', program, source]);
  const child = spawn(
    program,
    files.map((file) => dirname(file)),
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const ended = new Promise((resolve) => child.once('exit', resolve));
  made.defer(async () => {
    child.stdin.end();
    await ended;
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const held = made.move();
  return {
    hierarchies: files.map((file) => basename(dirname(dirname(file)))),
    async join(way) {
      child.stdin.write(`${way}\n`);
      const { value, done } = await lines.next();
      if (done === true) throw new Error('the writer ended');
      if (Number(value) < 0) throw new Error(`the writer was refused with errno ${-Number(value)}`);
      return Number(value) / 1000;
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** How many groups a started container's process wrote itself into, and the microseconds it took, by what the child's own list tells. */
async function startContainer(agent: BenchAgent, name: string): Promise<{ count: number; usec: number }> {
  const spec = { name, image: 'host', args: ['/usr/bin/true'], autoRemove: true, waitSeconds: 10, transcript: true };
  const { exitStatus, transcript } = await agent.call('container.run', spec, 'POST');
  if (JSON.stringify(exitStatus) !== '{"kind":"exited","code":0}') throw new Error(`ended with ${JSON.stringify(exitStatus)}`);
  // A sandbox that was ahead of need got the open files and no names; runs of equal steps are told as one.
  const joins = (transcript as Transcript).steps.filter(
    ({ actor, syscall, args }) => actor === 'child' && syscall === 'write' && /^(?:received|.*\/tasks), "0"$/.test(args),
  );
  return {
    count: joins.reduce((sum, { repeated = 1 }) => sum + repeated, 0),
    usec: joins.reduce((sum, { durationNsec }) => sum + durationNsec, 0) / 1000,
  };
}

/**
 * A new process joins the groups of all hierarchies: a container's own child at its start, through the whole agent, against
 * a plain C program that writes the pid of its child from outside into the same hierarchies in the same order.
 */
export async function run(): Promise<BenchResult[]> {
  await using parts = new AsyncDisposableStack();
  const writer = parts.use(await startWriter());
  const { hierarchies } = writer;
  const agent = parts.use(await startBenchAgent());
  let count = 0;
  const start = () => {
    count += 1;
    return startContainer(agent, `bench-attach-${count}`);
  };
  let failures = 0;
  const contenders = {
    async ours() {
      const joined = await start();
      if (joined.count !== hierarchies.length) failures += 1;
      return joined.usec;
    },
    outside: () => writer.join('outside'),
    self: () => writer.join('self'),
  };
  const names = ['ours', 'outside', 'self'] as const;
  for (let warm = 0; warm < 10; warm += 1) for (const name of names) await contenders[name]();

  const sparse = gapsMsec.map((gapMsec) => ({ gapMsec, ours: [] as number[], outside: [] as number[], self: [] as number[] }));
  const burst = { ours: [] as number[], outside: [] as number[], self: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    for (const gap of shuffle(sparse))
      for (const name of shuffle(names)) {
        await sleep(gap.gapMsec);
        gap[name].push(await contenders[name]());
      }
    if (round % burstsPerRound === 0)
      for (const name of shuffle(names)) for (let index = 0; index < burstsPerRound; index += 1) burst[name].push(await contenders[name]());
  }
  const all = (name: (typeof names)[number]): number[] => sparse.flatMap((gap) => gap[name]);
  const result = (title: string, usec: (name: (typeof names)[number]) => number[], more: Partial<BenchResult>): BenchResult => {
    const [ours, peer, floor] = [median(usec('ours')), median(usec('outside')), median(usec('self'))];
    return {
      name: `attach (${hierarchies.length} hierarchies, ${title})`,
      unit: 'us',
      ours,
      peer,
      floor,
      ratio: peer / ours,
      failures,
      ...more,
    };
  };
  const p95 = (values: readonly number[]): string => (values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.95)] ?? 0).toFixed(0);
  const late = (name: (typeof names)[number]): number => all(name).filter((usec) => usec > 1000).length;
  return [
    result('after idle time', all, {
      goal: { atLeast: 20 },
      notes: [
        `${hierarchies.join(', ')}; ${all('ours').length} starts, p95 ours ${p95(all('ours'))}, peer ${p95(all('outside'))}, floor ${p95(all('self'))} us`,
        `beyond a millisecond: ours ${late('ours')}, floor ${late('self')} (whoever changes groups meanwhile holds the kernel's one lock for them all)`,
        ...sparse.map(
          ({ gapMsec, ours, outside, self }) =>
            `after ${gapMsec} ms: ours ${median(ours).toFixed(0)}, peer ${median(outside).toFixed(0)}, floor ${median(self).toFixed(0)} us`,
        ),
      ],
    }),
    result('back to back', (name) => burst[name], { notes: ['no goal: the wait that is spared is paid once in a burst'] }),
  ];
}
