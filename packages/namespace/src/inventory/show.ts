import type { Maker, Namespace, NamespaceKey, ProcessReference, Workload } from '@bulkhead/model';
import type { NamespaceRecord } from './namespace-record.ts';
import type { ProcessReading } from './process-reading.ts';
import type { WorkloadRecord } from './workload-record.ts';

const maxListed = 16;
const maxGroups = 64;
const ticksPerSecond = 100;

const kernelMaker: Maker = { runtime: 'kernel', name: 'kernel' };

/** How a process is named in lists; made once, for it stands in each of its namespaces. */
export function showProcess(process: ProcessReading): ProcessReference {
  process.reference ??= { pid: process.pid, startTimeTicks: String(process.startTimeTicks), command: process.command };
  return process.reference;
}

export interface ShowOptions {
  /** Device of the file system of namespaces. */
  dev: string;
  namespaces: ReadonlyMap<number, NamespaceRecord>;
  bootWallMsec(): number;
}

/** Says what records stand for in the words of the model. */
export class Show {
  readonly #options: ShowOptions;

  constructor(options: ShowOptions) {
    this.#options = options;
  }

  keyOf(ino: number): NamespaceKey {
    const { dev, namespaces } = this.#options;
    return namespaces.get(ino)?.key ?? `${dev}-${ino}`;
  }

  namespace(namespace: NamespaceRecord): Namespace {
    const { key, ino, type, owner, parent, ownerUid } = namespace;
    const leader = namespace.members.oldest;
    const shown: Namespace = {
      key,
      type,
      dev: this.#options.dev,
      ino: String(ino),
      initial: namespace.initial,
      maker: this.#makerOf(namespace),
      holders: this.#holdersOf(namespace),
      firstSeenAt: namespace.firstSeenAt,
    };
    if (owner !== undefined) shown.owner = this.keyOf(owner);
    if (parent !== undefined) shown.parent = this.keyOf(parent);
    if (ownerUid !== undefined) shown.ownerUid = ownerUid;
    if (leader !== undefined) shown.leader = showProcess(leader);
    return shown;
  }

  workload(workload: WorkloadRecord): Workload {
    const leader = workload.members.oldest as ProcessReading;
    const startedMsec = this.#options.bootWallMsec() + (leader.startTimeTicks * 1000) / ticksPerSecond;
    return {
      id: workload.id,
      maker: workload.makerOf(leader.command),
      cgroupPath: workload.cgroupPath,
      processes: workload.members.size,
      leader: showProcess(leader),
      startedAt: new Date(startedMsec).toISOString(),
      groups: workload.groups(maxGroups).map((group) => ({
        namespaces: group.namespaces.filter((ino) => ino !== 0).map((ino) => this.keyOf(ino)),
        processes: group.members.size,
        leader: showProcess(group.members.oldest as ProcessReading),
      })),
      groupCount: workload.groupCount,
    };
  }

  #holdersOf({ members, threads, mounts, descriptors, children }: NamespaceRecord): Namespace['holders'] {
    const shown: Namespace['holders'] = {
      processes: members.size,
      threads: threads.size,
      mounts: [],
      mountCount: 0,
      descriptors: [],
      descriptorCount: 0,
      children: children.size,
    };
    for (const [mountNamespace, paths] of mounts) {
      shown.mountCount += paths.length;
      for (const path of paths)
        if (shown.mounts.length < maxListed) shown.mounts.push({ path, mountNamespace: this.keyOf(mountNamespace) });
    }
    for (const [process, fds] of descriptors) {
      shown.descriptorCount += fds.length;
      for (const fd of fds) if (shown.descriptors.length < maxListed) shown.descriptors.push({ process: showProcess(process), fd });
    }
    return shown;
  }

  #makerOf(namespace: NamespaceRecord, depth = 0): Maker {
    if (namespace.initial) return kernelMaker;
    const leader = namespace.members.oldest ?? namespace.threads.values().next().value;
    if (leader !== undefined) {
      namespace.maker = leader.workload.makerOf(leader.command);
      return namespace.maker;
    }
    if (namespace.maker !== undefined) return namespace.maker;
    const holder = namespace.descriptors.keys().next().value;
    if (holder !== undefined) return holder.workload.maker;
    const paths = namespace.mounts.values().next().value;
    const name = paths?.[0]?.split('/').at(-1);
    if (name !== undefined && name !== '') return { runtime: 'plain', name: name.slice(0, 256) };
    const child = this.#options.namespaces.get(namespace.children.values().next().value ?? 0);
    if (child !== undefined && depth < 32) return this.#makerOf(child, depth + 1);
    return { runtime: 'plain', name: `${namespace.type} namespace` };
  }
}
