import type { CgroupChange, CgroupGaps, NamespaceChange } from '@bulkhead/api';
import type {
  CgroupFile,
  CgroupNode,
  CgroupSample,
  CgroupUse,
  DoctorCheck,
  Maker,
  Namespace,
  NamespaceProcess,
  NamespaceType,
  ProcessReference,
  Runtime,
  Unreadable,
  Workload,
} from '@bulkhead/model';
import { Broadcast } from '../../../apps/web/src/server/queue.ts';
import { hostNamespaceKey } from './namespaces.ts';

const dev = '4';
const types: readonly NamespaceType[] = ['pid', 'network', 'mount', 'ipc', 'uts', 'cgroup', 'user', 'time'];

export interface ForeignFacts {
  runtime: Runtime;
  name: string;
  externalId?: string;
  image?: string;
  command?: string;
  cgroupPath: string;
  processes?: number;
  /** Types of which it has namespaces of its own; the others are the host's. */
  own?: readonly NamespaceType[];
  /** Namespaces it shares with what was made before. */
  shared?: Partial<Record<NamespaceType, string>>;
  use?: CgroupUse;
  limits?: CgroupNode['limits'];
  /** False: no cgroup of that path is made; it lives in one that is there. */
  cgroup?: boolean;
}

/** What lives on a host beside the containers of this instance: the test says what, and the agent tells it. */
export class TestHost {
  readonly namespaces = new Map<string, Namespace>();
  readonly workloads = new Map<string, Workload>();
  readonly cgroups = new Map<string, CgroupNode>();
  checks: DoctorCheck[] = [];
  unreadable: Unreadable = { processes: 0, descriptors: 0, reasons: [] };
  gaps: CgroupGaps = { cgroups: 0, leftOut: 0, leftOutBelow: [], reasons: [] };
  readonly changes = new Broadcast<NamespaceChange>(1000, (waiting) => waiting);
  readonly trees = new Broadcast<CgroupChange>(50, (waiting) => waiting);
  /** Told together at the end of a batch. */
  #batch:
    | {
        namespaces: Map<string, Namespace>;
        workloads: Map<string, Workload>;
        removedNamespaces: string[];
        removedWorkloads: string[];
        cgroups: Map<string, CgroupNode>;
        removedCgroups: string[];
      }
    | undefined;
  #ino = 4_026_532_200;
  #pid = 2_000;

  /** Many changes told as one. */
  batch(change: () => void): void {
    const batch = {
      namespaces: new Map<string, Namespace>(),
      workloads: new Map<string, Workload>(),
      removedNamespaces: [] as string[],
      removedWorkloads: [] as string[],
      cgroups: new Map<string, CgroupNode>(),
      removedCgroups: [] as string[],
    };
    this.#batch = batch;
    change();
    this.#batch = undefined;
    this.#publish({ ...batch, namespaces: [...batch.namespaces.values()], workloads: [...batch.workloads.values()] });
    this.#publishTree([...batch.cgroups.values()], batch.removedCgroups);
  }

  /** A workload that is no longer as it was. */
  change(workload: Workload): void {
    this.workloads.set(workload.id, workload);
    this.#publish({ workloads: [workload] });
  }

  /** A workload with its namespaces and its cgroup. */
  addWorkload(facts: ForeignFacts): Workload {
    const { runtime, name, own = [], shared = {}, processes = 1, cgroupPath } = facts;
    const { externalId, image } = facts;
    const maker: Maker = { runtime, name, ...(externalId === undefined ? {} : { externalId }), ...(image === undefined ? {} : { image }) };
    const leader = this.#process(facts.command ?? name);
    const made: Namespace[] = [];
    const keys = types.map((type) => {
      const key = shared[type];
      if (key !== undefined) {
        const other = this.namespaces.get(key);
        if (other !== undefined)
          made.push(this.#keep({ ...other, holders: { ...other.holders, processes: other.holders.processes + processes } }));
        return key;
      }
      if (!own.includes(type)) return hostNamespaceKey(type);
      const namespace = this.#make(type, maker, leader, processes);
      made.push(namespace);
      return namespace.key;
    });
    const userKey = keys[types.indexOf('user')];
    for (const namespace of made)
      if (namespace.type !== 'user' && userKey !== undefined) this.namespaces.set(namespace.key, { ...namespace, owner: userKey });
    const workload: Workload = {
      id: `${runtime}-${name}-${leader.pid}`,
      maker,
      cgroupPath,
      processes,
      leader,
      startedAt: new Date(Date.now() - 5_400_000).toISOString(),
      groups: [{ namespaces: keys, processes, leader }],
      groupCount: 1,
    };
    this.workloads.set(workload.id, workload);
    if (facts.cgroup !== false && cgroupPath !== '/') this.addCgroup(cgroupPath, maker, facts.use, facts.limits, processes);
    this.#publish({ namespaces: made.map(({ key }) => this.namespaces.get(key) as Namespace), workloads: [workload] });
    return workload;
  }

  /** A namespace in which nobody lives. */
  addEmpty(type: NamespaceType, held: 'descriptor' | 'mount', name: string): Namespace {
    const process = this.#process(name);
    const made = this.#make(type, { runtime: 'plain', name }, undefined, 0);
    const namespace = this.#keep({
      ...made,
      holders: {
        ...made.holders,
        ...(held === 'descriptor'
          ? { descriptors: [{ process, fd: 7 }], descriptorCount: 1 }
          : { mounts: [{ path: `/run/netns/${name}` }], mountCount: 1 }),
      },
    });
    this.#publish({ namespaces: [namespace] });
    return namespace;
  }

  remove(workload: Workload): void {
    this.workloads.delete(workload.id);
    const keys = [...new Set(workload.groups.flatMap(({ namespaces }) => namespaces))].filter((key) => {
      const namespace = this.namespaces.get(key);
      if (namespace === undefined) return false;
      const processes = namespace.holders.processes - workload.processes;
      if (processes > 0) {
        this.#keep({ ...namespace, holders: { ...namespace.holders, processes } });
        return false;
      }
      return this.namespaces.delete(key);
    });
    this.#publish({ removedNamespaces: keys, removedWorkloads: [workload.id] });
    this.removeCgroup(workload.cgroupPath);
  }

  removeCgroup(path: string): void {
    if (this.cgroups.delete(path)) this.#publishTree([], [path]);
  }

  addCgroup(path: string, maker: Maker, use: CgroupUse = {}, limits: CgroupNode['limits'] = {}, processes = 0): CgroupNode {
    const parts = path.split('/').slice(1, -1);
    for (const [index] of parts.entries()) {
      const above = `/${parts.slice(0, index + 1).join('/')}`;
      if (!this.cgroups.has(above)) this.addCgroup(above, { runtime: 'systemd', name: parts[index] ?? '' });
    }
    const node: CgroupNode = {
      path,
      controllers: ['cpu', 'memory', 'io', 'pids'],
      maker,
      processes,
      frozen: false,
      limits: { cpuMaxMillis: 'max', memoryMaxBytes: 'max', pidsMax: 'max', ...limits },
      ...(path === '/' ? {} : { oomKills: 0, pidsRefusals: 0 }),
      use,
    };
    this.cgroups.set(path, node);
    this.#publishTree([node], []);
    return node;
  }

  /** The kernel counted something in a group. */
  count(path: string, counts: Pick<CgroupNode, 'oomKills' | 'pidsRefusals'>): void {
    const node = this.cgroups.get(path);
    if (node === undefined) throw new Error(`there is no cgroup ${path}`);
    const counted = { ...node, ...counts };
    this.cgroups.set(path, counted);
    this.#publishTree([counted], []);
  }

  /** Uses move a little; told to who watches. */
  tick(extra: readonly { path: string; use: CgroupUse }[]): void {
    const use = [...extra];
    for (const [path, node] of this.cgroups) {
      if (node.use.cpuMillis === undefined) continue;
      const next: CgroupUse = {
        ...node.use,
        cpuMillis: Math.max(0, node.use.cpuMillis * (0.94 + Math.random() * 0.12)),
        ...(node.use.memoryBytes === undefined ? {} : { memoryBytes: Math.round(node.use.memoryBytes * (0.997 + Math.random() * 0.006)) }),
      };
      this.cgroups.set(path, { ...node, use: next });
      use.push({ path, use: next });
    }
    this.trees.publish({ type: 'changed', at: new Date().toISOString(), cgroups: [], removed: [], use, gaps: this.gaps });
  }

  /** As if it had been looked at for a quarter of an hour. */
  recent(path: string): CgroupSample[] {
    const node = this.cgroups.get(path);
    if (node === undefined) return [];
    const { cpuMillis, memoryBytes, ...rest } = node.use;
    const now = Math.floor(Date.now() / 1000) * 1000;
    return Array.from({ length: 600 }, (_, index) => {
      const wave = 0.75 + 0.25 * Math.sin(index / 37);
      return {
        at: new Date(now - (600 - index) * 1000).toISOString(),
        use: {
          ...rest,
          ...(cpuMillis === undefined ? {} : { cpuMillis: cpuMillis * wave }),
          ...(memoryBytes === undefined ? {} : { memoryBytes: Math.round(memoryBytes * (0.9 + 0.1 * wave)) }),
        },
      };
    });
  }

  filesOf(path: string): CgroupFile[] {
    const node = this.cgroups.get(path);
    const at = (controller: string, name: string) => `/sys/fs/cgroup/${controller}${path === '/' ? '' : path}/${name}`;
    return [
      { name: 'cgroup.procs', path: at('memory', 'cgroup.procs'), content: '2001\n2002\n' },
      { name: 'cpu.shares', path: at('cpu', 'cpu.shares'), content: '1024\n' },
      { name: 'cpu.stat', path: at('cpu', 'cpu.stat'), content: 'nr_periods 4120\nnr_throttled 812\nthrottled_time 91200441000\n' },
      { name: 'memory.limit_in_bytes', path: at('memory', 'memory.limit_in_bytes'), content: '9223372036854771712\n' },
      {
        name: 'memory.usage_in_bytes',
        path: at('memory', 'memory.usage_in_bytes'),
        content: `${Math.round(node?.use.memoryBytes ?? 0)}\n`,
      },
      { name: 'pids.max', path: at('pids', 'pids.max'), content: 'max\n' },
      { name: 'cgroup.event_control', path: at('memory', 'cgroup.event_control'), unreadable: 'it can only be written' },
    ];
  }

  processesOf(key: string): NamespaceProcess[] {
    return [...this.workloads.values()].flatMap((workload) => {
      if (!workload.groups.some(({ namespaces }) => namespaces.includes(key))) return [];
      return Array.from({ length: Math.min(workload.processes, 6) }, (_, index) => ({
        pid: workload.leader.pid + index,
        startTimeTicks: String(8_000 + index),
        command: index === 0 ? workload.leader.command : `${workload.leader.command}: worker ${index}`,
        parentPid: index === 0 ? 1 : workload.leader.pid,
        innerPid: index + 1,
        uid: 0,
        state: index === 0 ? 'S (sleeping)' : 'R (running)',
        threads: 1 + (index % 3),
        onlyThreads: false,
        workloadId: workload.id,
      }));
    });
  }

  #process(command: string): ProcessReference {
    this.#pid += 7;
    return { pid: this.#pid, startTimeTicks: String(this.#pid * 10), command };
  }

  #make(type: NamespaceType, maker: Maker, leader: ProcessReference | undefined, processes: number): Namespace {
    this.#ino += 1;
    const userOfHost = hostNamespaceKey('user');
    return this.#keep({
      key: `${dev}-${this.#ino}`,
      type,
      dev,
      ino: String(this.#ino),
      initial: false,
      owner: userOfHost,
      ...(type === 'pid' || type === 'user' ? { parent: hostNamespaceKey(type) } : {}),
      ...(type === 'user' ? { ownerUid: 1000 } : {}),
      maker,
      holders: { processes, threads: 0, mounts: [], mountCount: 0, descriptors: [], descriptorCount: 0, children: 0 },
      ...(leader === undefined ? {} : { leader }),
      firstSeenAt: new Date().toISOString(),
    });
  }

  #keep(namespace: Namespace): Namespace {
    this.namespaces.set(namespace.key, namespace);
    return namespace;
  }

  #publishTree(cgroups: CgroupNode[], removed: string[]): void {
    if (this.#batch !== undefined) {
      for (const node of cgroups) this.#batch.cgroups.set(node.path, node);
      this.#batch.removedCgroups.push(...removed);
      return;
    }
    if (cgroups.length + removed.length === 0) return;
    this.trees.publish({ type: 'changed', at: new Date().toISOString(), cgroups, removed, use: [], gaps: this.gaps });
  }

  #publish(changed: { namespaces?: Namespace[]; removedNamespaces?: string[]; workloads?: Workload[]; removedWorkloads?: string[] }): void {
    if (this.#batch !== undefined) {
      for (const namespace of changed.namespaces ?? []) this.#batch.namespaces.set(namespace.key, namespace);
      for (const workload of changed.workloads ?? []) this.#batch.workloads.set(workload.id, workload);
      this.#batch.removedNamespaces.push(...(changed.removedNamespaces ?? []));
      this.#batch.removedWorkloads.push(...(changed.removedWorkloads ?? []));
      return;
    }
    this.changes.publish({
      type: 'changed',
      at: new Date().toISOString(),
      namespaces: changed.namespaces ?? [],
      removedNamespaces: changed.removedNamespaces ?? [],
      workloads: changed.workloads ?? [],
      removedWorkloads: changed.removedWorkloads ?? [],
      unreadable: this.unreadable,
    });
  }
}
