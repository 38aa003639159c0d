import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root, startInstance } from '../support/instance.ts';
import { type BenchResult, median, shuffle } from './result.ts';

const containers = 10;
const rounds = 40;
const warmUps = 3;

interface Contender {
  name: 'ours' | 'peer' | 'floor';
  command: readonly [string, ...string[]];
  environment: Record<string, string>;
}

/** Wall time of one call, as a person waits for it; undefined where it failed. */
function time({ command, environment }: Contender): number | undefined {
  const [program, ...args] = command;
  const startedAt = performance.now();
  const { status } = spawnSync(program, args, {
    stdio: ['ignore', 'ignore', 'ignore'],
    env: { PATH: process.env.PATH ?? '', ...environment },
  });
  return status === 0 ? performance.now() - startedAt : undefined;
}

/** `./bulkhead ps` with ten running containers against Debian's `podman ps`; the floor is an empty Node of the same version. */
export async function run(): Promise<BenchResult> {
  await using instance = await startInstance({ args: ['--no-web'] });
  let failures = 0;
  for (let index = 0; index < containers; index += 1) {
    const { code, stderr } = instance.run('run', '-d', '--name', `bench-${index}`, '--', 'sleep', '3600');
    if (code !== 0) throw new Error(`a container could not be started: ${stderr}`);
  }
  const contenders: readonly Contender[] = [
    { name: 'ours', command: [join(root, 'bulkhead'), 'ps'], environment: { BULKHEAD_STATE_DIR: instance.stateDirectory } },
    { name: 'peer', command: ['podman', 'ps'], environment: {} },
    { name: 'floor', command: [process.execPath, '--eval', '0'], environment: {} },
  ];
  const times = { ours: [] as number[], peer: [] as number[], floor: [] as number[] };
  for (let round = -warmUps; round < rounds; round += 1) {
    for (const contender of shuffle(contenders)) {
      const taken = time(contender);
      if (taken === undefined) failures += 1;
      else if (round >= 0) times[contender.name].push(taken);
    }
  }
  const [ours, peer, floor] = [median(times.ours), median(times.peer), median(times.floor)];
  return { name: 'cli (ps with ten containers)', unit: 'ms', ours, peer, floor, ratio: ours / peer, goal: { atMost: 2 }, failures };
}
