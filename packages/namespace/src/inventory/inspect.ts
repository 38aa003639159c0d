import { Recorder, record } from '@bulkhead/kernel';
import type { Namespace, NamespaceKey, NamespaceProcess, Transcript, Workload } from '@bulkhead/model';
import { readProcessStatus } from '../process-status.ts';
import type { Inventory } from './inventory.ts';
import type { NamespaceRecord } from './namespace-record.ts';
import { linkNameOf } from './namespace-types.ts';
import type { ProcessRecord } from './process-record.ts';
import { type NamespacePlace, readRelations } from './relations.ts';

const maxProcesses = 1000;

export interface NamespaceInspection {
  namespace: Namespace;
  workloads: Workload[];
  /** The oldest first; `processCount` is whole. */
  processes: NamespaceProcess[];
  processCount: number;
  transcript: Transcript;
}

function showMember(process: ProcessRecord, onlyThreads: boolean): NamespaceProcess | undefined {
  const status = readProcessStatus(process.pid);
  if (status === undefined) return undefined;
  const innerPid = Number(status.get('NSpid')?.split(/\s+/).at(-1) ?? process.pid);
  return {
    pid: process.pid,
    startTimeTicks: String(process.startTimeTicks),
    command: process.command,
    parentPid: process.parentPid,
    innerPid,
    uid: Number(status.get('Uid')?.split(/\s+/)[0] ?? 0),
    state: status.get('State')?.charAt(0) ?? process.state,
    threads: Math.max(1, Number(status.get('Threads') ?? process.threads)),
    onlyThreads,
    workloadId: process.workload.id,
  };
}

/** Where the namespace can be opened now. */
function placeOf({ type, members, threads, descriptors, mounts }: NamespaceRecord): NamespacePlace | undefined {
  const member = members.oldest;
  if (member !== undefined) return { path: `/proc/${member.pid}/ns/${linkNameOf(type)}`, link: true };
  for (const [tid, process] of threads) return { path: `/proc/${process.pid}/task/${tid}/ns/${linkNameOf(type)}`, link: true };
  for (const [process, [fd]] of descriptors) return { path: `/proc/${process.pid}/fd/${fd}`, link: false };
  for (const [path] of mounts.values()) if (path !== undefined) return { path, link: false };
  return undefined;
}

/** A namespace with what lives in it, read now. @returns undefined where none has the key */
export function inspectNamespace(inventory: Inventory, key: NamespaceKey): NamespaceInspection | undefined {
  const found = inventory.find(key);
  if (found === undefined) return undefined;
  const members = [...found.members].sort((one, other) => one.startTimeTicks - other.startTimeTicks || one.pid - other.pid);
  const withThreads = [...new Set(found.threads.values())].filter((process) => !found.members.has(process));
  const all = [...members, ...withThreads];
  const processes = all
    .slice(0, maxProcesses)
    .map((process) => showMember(process, !found.members.has(process)))
    .filter((process) => process !== undefined);
  const recorder = new Recorder();
  const place = placeOf(found);
  if (place !== undefined) record(recorder, () => readRelations(place, found, inventory.deviceMinor, () => true));
  return {
    namespace: inventory.showNamespace(found),
    workloads: [...new Set(all.map(({ workload }) => workload))].map((workload) => inventory.showWorkload(workload)),
    processes,
    processCount: all.length - (Math.min(all.length, maxProcesses) - processes.length),
    transcript: showTranscript(recorder, found, place?.path),
  };
}

function showTranscript(recorder: Recorder, { ino, type, members }: NamespaceRecord, path: string | undefined): Transcript {
  const { steps, dropped } = recorder;
  const leader = members.oldest;
  return {
    steps: steps.map((step) => ({ actor: 'agent' as const, ...step })),
    commands: [
      `lsns --type ${linkNameOf(type)} --output NS,TYPE,PATH,NPROCS,PID,USER,COMMAND`,
      ...(path === undefined ? [] : [`stat -Lc '%d-%i' ${path}`]),
      `lsns ${ino}`,
      ...(leader === undefined ? [] : [`nsenter --target ${leader.pid} --${nsenterName[type]} -- ps`]),
    ],
    durationNsec: steps.reduce((sum, { durationNsec }) => sum + durationNsec, 0),
    dropped,
  };
}

const nsenterName = { pid: 'pid', network: 'net', mount: 'mount', ipc: 'ipc', uts: 'uts', cgroup: 'cgroup', user: 'user', time: 'time' };
