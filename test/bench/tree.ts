import { readdirSync, readFileSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CgroupTree } from '@bulkhead/api';
import { AgentProcess } from '../integration/agent-process.ts';
import { cgroupMounts } from '../support/hand-cgroup.ts';
import { HandCgroups } from '../support/hand-cgroups.ts';
import { startTestInstance } from '../support/launcher.ts';
import { type BenchResult, median, shuffle } from './result.ts';

const groups = 5000;
const rounds = 40;
const warmUps = 5;
const settleMsec = 15_000;

/** What a list shows of a group, in the files of both versions. */
const shownFiles = new Set([
  ...['cpuacct.usage', 'memory.usage_in_bytes', 'memory.limit_in_bytes', 'cpu.cfs_quota_us', 'freezer.state'],
  ...['cpu.stat', 'memory.current', 'memory.max', 'cpu.max', 'cgroup.events'],
  ...['pids.current', 'pids.max', 'cgroup.procs'],
]);

const percentile = (values: readonly number[], part: number): number =>
  values.toSorted((left, right) => left - right)[Math.min(values.length - 1, Math.floor(values.length * part))] ?? Number.NaN;

/** The peer: a program that keeps nothing, walks every hierarchy and reads what a list shows. @returns groups found */
function walkAndRead(): number {
  const found = new Set<string>();
  const visit = (point: string, path: string): void => {
    found.add(path);
    for (const entry of readdirSync(`${point}${path}`, { withFileTypes: true })) {
      if (entry.isDirectory()) visit(point, `${path}/${entry.name}`);
      else if (shownFiles.has(entry.name)) {
        try {
          readFileSync(`${point}${path}/${entry.name}`, 'utf8');
        } catch {
          // cpu.max of the root and the like: not there to be read.
        }
      }
    }
  };
  for (const { point } of cgroupMounts()) if (statSync(point).isDirectory()) visit(point, '');
  return found.size;
}

/** The whole tree of a host with 5,000 cgroups, with numbers, asked of a real agent over its socket and parsed. */
export async function run(): Promise<BenchResult[]> {
  using made = new HandCgroups(groups);
  await using instance = await startTestInstance();
  await using agent = new AgentProcess(instance);
  await agent.start();
  const ask = async (): Promise<CgroupTree> => agent.must<CgroupTree>('query', 'cgroup.tree', {});
  // Limits of thousands of new groups are read by and by.
  await sleep(settleMsec);
  const times = { ours: [] as number[], peer: [] as number[] };
  let failures = 0;
  let bytes = 0;
  for (let round = -warmUps; round < rounds; round += 1)
    for (const contender of shuffle(['ours', 'peer'] as const)) {
      // The peer takes so long that a few times tell enough.
      if (contender === 'peer' && round % 8 !== 0) continue;
      const begin = performance.now();
      if (contender === 'peer') failures += walkAndRead() < groups ? 1 : 0;
      else {
        const { cgroups, gaps } = await ask();
        const ours = cgroups.filter(({ path }) => made.has(path.slice(1)));
        const isWhole =
          ours.length === groups && ours.every(({ use, limits }) => use.memoryBytes !== undefined && limits.pidsMax === 'max');
        if (!isWhole || gaps.leftOut > 0 || gaps.cgroups > 0) failures += 1;
        bytes = bytes === 0 ? Buffer.byteLength(JSON.stringify(cgroups)) : bytes;
      }
      if (round >= 0) times[contender].push(performance.now() - begin);
    }
  const status = readFileSync(`/proc/${agent.pid}/status`, 'utf8');
  const resident = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
  const notes = [
    `${Math.round(bytes / 1024)} KiB of JSON; agent ${Math.round(resident)} MiB resident, ${readdirSync(`/proc/${agent.pid}/fd`).length} descriptors`,
    `ours ${times.ours.length} times, peer (a walk that keeps nothing) ${times.peer.length} times`,
  ];
  return [
    { name: 'tree of 5,000 cgroups, p50', ours: median(times.ours), peer: median(times.peer) },
    { name: 'tree of 5,000 cgroups, p95', ours: percentile(times.ours, 0.95), peer: percentile(times.peer, 0.95) },
  ].map((result) => ({ ...result, unit: 'ms', ratio: result.peer / result.ours, goal: { atLeast: 2 }, failures, notes }));
}
