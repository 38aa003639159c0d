import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { detectCgroups } from '@bulkhead/cgroup';
import { cgroupRoot, type HostEvent } from '@bulkhead/model';
import { AgentProcess } from '../integration/agent-process.ts';
import { cgroupMounts } from '../support/hand-cgroup.ts';
import { HandCgroups } from '../support/hand-cgroups.ts';
import { startTestInstance } from '../support/launcher.ts';
import { type BenchResult, median } from './result.ts';

const killsEach = 12;
const busyLoops = 4;
const limitBytes = 16 * 1024 ** 2;
/** An event is to be in a browser within a second; this is as far as the agent's socket. */
const mostMsec = 1000;
/** Groups are made, limited, and heard of by the agent in the second after. */
const armedAfterMsec = 4000;

/**
 * Joins the group whose `cgroup.procs` it is given, then takes page by page until it is killed. Before each page the time
 * goes into memory that its parent shares: the last is that of the kill, or a little before it. The parent prints it,
 * nanoseconds of CLOCK_MONOTONIC, and the signal.
 */
const hogSource = `
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv) {
  volatile long long *last = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  pid_t child = fork();
  if (child == 0) {
    int procs = open(argv[1], O_WRONLY);
    if (procs < 0 || write(procs, "0", 1) != 1) { perror(argv[1]); _exit(1); }
    for (;;) {
      char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      struct timespec now;
      clock_gettime(CLOCK_MONOTONIC, &now);
      *last = now.tv_sec * 1000000000LL + now.tv_nsec;
      if (page == MAP_FAILED) _exit(2);
      memset(page, 1, 4096);
    }
  }
  int status;
  waitpid(child, &status, 0);
  printf("%lld %d\\n", *last, WIFSIGNALED(status) ? WTERMSIG(status) : 0);
  return 0;
}
`;

function makeHog(directory: string): string {
  const [source, program] = [join(directory, 'hog.c'), join(directory, 'hog')];
  writeFileSync(source, hogSource);
  execFileSync('cc', ['-O2', '-o', program, source]);
  return program;
}

/** Nanoseconds of CLOCK_MONOTONIC at which the kernel killed it, as nearly as it could tell itself. */
async function killedAt(program: string, procs: string): Promise<bigint> {
  const hog = spawn(program, [procs], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  hog.stdout.on('data', (part: Buffer) => {
    text += part.toString();
  });
  await once(hog, 'close');
  const [nsec = '', signal] = text.trim().split(' ');
  if (signal !== '9') throw new Error(`the hog was not killed: ${text}`);
  return BigInt(nsec);
}

/**
 * From the OOM killer's blow in any group of the host to its event out of the agent's socket, on an idle host and beside
 * busy loops on all processors.
 */
export async function run(): Promise<BenchResult[]> {
  await using parts = new AsyncDisposableStack();
  const directory = parts.adopt(mkdtempSync(join(tmpdir(), 'bulkhead-oom-')), (path) => rmSync(path, { recursive: true, force: true }));
  const program = makeHog(directory);
  const instance = parts.use(await startTestInstance());
  parts.defer(() => detectCgroups().remove(cgroupRoot(instance.instance)));
  const agent = parts.use(new AgentProcess(instance));
  await agent.start();
  const groups = parts.use(new HandCgroups(2 * killsEach));
  const memory = cgroupMounts().find(({ type, controllers }) => type === 'cgroup2' || controllers.includes('memory'));
  const legacy = cgroupMounts().find(({ type, controllers }) => type === 'cgroup' && controllers.includes('memory'));
  const { point, limitFile } =
    legacy === undefined ? { point: memory?.point, limitFile: 'memory.max' } : { point: legacy.point, limitFile: 'memory.limit_in_bytes' };
  const paths = Array.from({ length: 2 * killsEach }, (_, index) => `/${groups.root}/part-${Math.floor(index / 100)}/group-${index}`);
  for (const path of paths) writeFileSync(`${point}${path}/${limitFile}`, String(limitBytes));

  const arrived = new Map<string, bigint>();
  const leaving = new AbortController();
  const listening = (async () => {
    for await (const event of agent.stream('event.watch', {}, undefined, leaving.signal)) {
      const { kind, cgroupPath } = event as HostEvent;
      if (kind === 'cgroup.oom-killed' && cgroupPath !== undefined && !arrived.has(cgroupPath))
        arrived.set(cgroupPath, process.hrtime.bigint());
    }
  })();
  parts.defer(async () => {
    leaving.abort();
    await listening;
  });
  await sleep(armedAfterMsec);

  const loops: ChildProcess[] = [];
  parts.defer(() => {
    for (const loop of loops) loop.kill('SIGKILL');
  });
  const results: BenchResult[] = [];
  for (const [index, title] of ['idle', `${busyLoops} busy loops on ${availableParallelism()} processors`].entries()) {
    if (index === 1)
      for (let count = 0; count < busyLoops; count += 1) loops.push(spawn('sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' }));
    await sleep(1000);
    const msec: number[] = [];
    let failures = 0;
    for (const path of paths.slice(index * killsEach, (index + 1) * killsEach)) {
      const nsec = await killedAt(program, `${point}${path}/cgroup.procs`);
      const until = performance.now() + 10_000;
      while (!arrived.has(path) && performance.now() < until) await sleep(2);
      const at = arrived.get(path);
      if (at === undefined) failures += 1;
      else msec.push(Number(at - nsec) / 1e6);
      await sleep(200);
    }
    const most = Math.max(...msec);
    results.push({
      name: `oom (from the kill to its event out of the agent's socket, ${title})`,
      unit: 'ms',
      ours: median(msec),
      peer: Number.NaN,
      ratio: most / mostMsec,
      goal: { atMost: 1 },
      failures,
      notes: [`the ratio is the slowest, ${most.toFixed(0)} ms, to a second; each: ${msec.map(Math.round).join(' ')} ms`],
    });
  }
  return results;
}
