import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { HostCgroups } from '../../apps/agent/src/cgroup/host-cgroups.ts';
import { makerOf } from '../../apps/agent/src/cgroup/maker-of.ts';
import { Journal } from '../../apps/agent/src/journal/journal.ts';
import { openHierarchies, TreeMeter, TreeStructure } from '../../packages/cgroup/src/index.ts';
import { HandCgroups } from '../support/hand-cgroups.ts';
import { type BenchResult, median, shuffle } from './result.ts';

const groups = 1000;
const rounds = 7;
const passesPerRound = 10;
/** Blocks of seconds in which the whole reader and the floor run at 1 Hz, one after the other. */
const blocks = 6;
const blockSeconds = 8;
/** CPU of one reader at 1 Hz, at most, in percent of a core. */
const mostPercent = 2.5;

/**
 * The floor: the same files through kept descriptors, as often, one pread(2) each and the digits added up, file type by
 * file type. A line of its list is how many passes lie between two readings of a file, and its path.
 * Answers a line with the CPU microseconds of each block of passes it is asked for.
 */
const floorSource = `
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static long long cpu_usec(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

int main(int argc, char **argv) {
  FILE *list = fopen(argv[1], "r");
  int capacity = 1024, count = 0;
  int *files = malloc(capacity * sizeof *files), *every = malloc(capacity * sizeof *every);
  char line[8192], buffer[16384];
  while (list && fgets(line, sizeof line, list)) {
    line[strcspn(line, "\\n")] = 0;
    if (count == capacity) {
      files = realloc(files, (capacity *= 2) * sizeof *files);
      every = realloc(every, capacity * sizeof *every);
    }
    every[count] = line[0] - '0';
    files[count] = open(line + 2, O_RDONLY | O_CLOEXEC);
    if (files[count] < 0) { fprintf(stderr, "%s: %s\\n", line, strerror(errno)); return 1; }
    count++;
  }
  printf("ready %d\\n", count);
  fflush(stdout);
  unsigned long long sum = 0;
  while (fgets(line, sizeof line, stdin)) {
    int passes = atoi(line), failed = 0;
    long long begin = cpu_usec();
    for (int pass = 0; pass < passes; pass++)
      for (int at = 0; at < count; at++) {
        if ((pass + at) % every[at]) continue;
        ssize_t length = pread(files[at], buffer, sizeof buffer, 0);
        if (length < 0) { failed++; continue; }
        unsigned long long value = 0;
        for (ssize_t index = 0; index < length; index++) {
          unsigned digit = (unsigned char)buffer[index] - '0';
          if (digit <= 9) value = value * 10 + digit;
          else { sum += value; value = 0; }
        }
      }
    printf("%lld %d %llu\\n", cpu_usec() - begin, failed, sum);
    fflush(stdout);
  }
  return 0;
}
`;

interface Floor extends Disposable {
  files: number;
  /** CPU microseconds of so many passes. */
  run(passes: number): Promise<number>;
}

/** Pressure is brought up to date by the kernel every two seconds, and read as often. */
const everyPasses = (file: string): 1 | 2 => (file.endsWith('.pressure') ? 2 : 1);

async function startFloor(directory: string, files: readonly string[]): Promise<Floor> {
  const [source, program, list] = ['floor.c', 'floor', 'files'].map((name) => join(directory, name)) as [string, string, string];
  writeFileSync(source, floorSource);
  writeFileSync(list, files.map((file) => `${everyPasses(file)} ${file}\n`).join(''));
  execFileSync('cc', ['-O2', '-o', program, source]);
  const child = spawn(program, [list], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error('the floor program ended');
    return value;
  };
  const ready = await next();
  return {
    files: Number(ready.split(' ')[1]),
    async run(passes) {
      child.stdin.write(`${passes}\n`);
      const [usec, failed] = (await next()).split(' ');
      if (failed !== '0') throw new Error(`${failed} reads of the floor program failed`);
      return Number(usec);
    },
    [Symbol.dispose]: () => child.stdin.end(),
  };
}

/** CPU microseconds of this process for one pass of the meter. */
function pass(meter: TreeMeter): { usec: number; reads: number } {
  const begin = process.cpuUsage();
  const steps = meter.pass(() => performance.now() / 1000);
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  const { user, system } = process.cpuUsage(begin);
  return { usec: user + system, reads: step.value.reads };
}

/** What a busy group is to the reader: nothing it read before is as it was. */
function wake(meter: TreeMeter, slots: Iterable<{ path: string; slot: number }>): void {
  for (const group of slots) meter.wake(group);
}

/** CPU microseconds a second of all that the agent does for the tree: reading, hearing of changes, limits, charts, minutes. */
async function wholeReader(directory: string): Promise<{ run(seconds: number): Promise<number> } & AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const journal = stack.use(new Journal({ path: join(directory, 'journal.sqlite') }));
  const log = { error: (facts: object) => Promise.reject(new Error(JSON.stringify(facts))) };
  let host: HostCgroups | undefined;
  stack.defer(() => host?.[Symbol.dispose]());
  const held = stack.move();
  return {
    async run(seconds) {
      if (host === undefined) {
        host = new HostCgroups({
          hostId: '00000000-0000-4000-8000-000000000000',
          liveSeconds: 900,
          journal,
          ownPath: '/bulkhead-fff',
          makerOf: (path) => makerOf(path, { instance: 'fff', cgroupPath: '/bulkhead-fff' }),
          named: (maker) => maker,
          containerName: () => undefined,
          log: log as never,
        });
        host.start();
        // The first round reads what is not read again.
        await sleep(3000);
      }
      const begin = process.cpuUsage();
      await sleep(seconds * 1000);
      const { user, system } = process.cpuUsage(begin);
      return (user + system) / seconds;
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/**
 * One reader at 1 Hz over a thousand cgroups against a plain C reader of the same files, CPU time against CPU time: every
 * file read each time (as if all groups were busy), as it is on a host where most stand still, and all that the agent
 * does for the tree, both once a second with idle caches.
 */
export async function run(): Promise<BenchResult[]> {
  using stack = new DisposableStack();
  const directory = stack.adopt(mkdtempSync(join(tmpdir(), 'bulkhead-sample-')), (path) => rmSync(path, { recursive: true, force: true }));
  const made = stack.use(new HandCgroups(groups));
  const hierarchies = stack.use(openHierarchies());
  const meter = stack.use(new TreeMeter({ hierarchies, descriptors: 20_000 }));
  const structure = stack.use(
    new TreeStructure({
      hierarchies,
      limit: 20_000,
      listener: { appeared: () => undefined, moved: () => undefined, gone: () => undefined, written: () => undefined },
    }),
  );
  // Those of the bench alone: what else the host has is not the same from run to run.
  const slots = [...structure.groups.values()]
    .filter(({ path }) => made.has(path))
    .map(({ path, present }) => ({ path, slot: meter.add(path, present).slot }));
  for (let warm = 0; warm < 10; warm += 1) {
    wake(meter, slots);
    pass(meter);
  }
  const files = [...meter.files()];
  using floor = await startFloor(directory, files);
  const readsPerPass = files.reduce((sum, file) => sum + 1 / everyPasses(file), 0);
  let failures = slots.length === groups && floor.files === files.length ? 0 : 1;
  const notes = [`${slots.length} cgroups, ${files.length} files, ${readsPerPass} reads a second; ${availableParallelism()} cores`];

  const usec = { busy: [] as number[], still: [] as number[], floor: [] as number[] };
  await floor.run(10);
  for (let round = 0; round < rounds; round += 1)
    for (const contender of shuffle(['busy', 'still', 'floor'] as const)) {
      if (contender === 'floor') {
        usec.floor.push((await floor.run(passesPerRound)) / passesPerRound);
        continue;
      }
      let [sum, reads] = [0, 0];
      // What stands still is read every other time: an even number of passes reads each as often.
      for (let count = 0; count < passesPerRound; count += 1) {
        if (contender === 'busy') wake(meter, slots);
        else if (count === 0) for (let settle = 0; settle < 4; settle += 1) pass(meter);
        const done = pass(meter);
        sum += done.usec;
        reads += done.reads;
      }
      if (contender === 'busy' && Math.round(readsPerPass * passesPerRound) !== reads) failures += 1;
      usec[contender].push(sum / passesPerRound);
    }
  if ([...meter.unread()].length > 0) failures += 1;

  const whole: number[] = [];
  const floorEachSecond: number[] = [];
  {
    await using reader = await wholeReader(directory);
    await reader.run(1);
    for (let block = 0; block < blocks; block += 1)
      for (const contender of shuffle(['whole', 'floor'] as const)) {
        if (contender === 'whole') whole.push(await reader.run(blockSeconds));
        else {
          let sum = 0;
          for (let second = 0; second < blockSeconds; second += 1) {
            sum += await floor.run(1);
            await sleep(950);
          }
          floorEachSecond.push(sum / blockSeconds);
        }
      }
  }
  const cases = [
    { what: 'every file read each second', ours: usec.busy, floor: usec.floor },
    { what: 'most standing still', ours: usec.still, floor: usec.floor },
    { what: 'all that the agent does for the tree, once a second', ours: whole, floor: floorEachSecond },
  ];
  return cases.map(({ what, ours, floor: least }) => {
    // A microsecond a second is a millionth of a core.
    const [percent, leastPercent] = [median(ours) / 10_000, median(least) / 10_000];
    return {
      name: `sample (1,000 cgroups at 1 Hz, ${what})`,
      unit: '% of a core',
      ours: percent,
      peer: leastPercent,
      ratio: percent / leastPercent,
      goal: { atMost: 1.3 },
      failures: failures + (percent > mostPercent ? 1 : 0),
      notes: [
        ...notes,
        `at most ${mostPercent} % is asked; microseconds a second, each round: ${ours.map(Math.round).join(' ')}; C ${least.map(Math.round).join(' ')}`,
      ],
    };
  });
}
