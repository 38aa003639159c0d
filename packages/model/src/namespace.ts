import { z } from 'zod';
import { NamespaceType } from './container.ts';
import { Maker } from './maker.ts';
import { Counter, Timestamp } from './primitives.ts';

/** Identity of a namespace (namespaces(7)): device and inode of its file, `<dev>-<ino>`, fit for a URL. */
export const NamespaceKey = z.string().regex(/^\d{1,20}-\d{1,20}$/, 'must be <dev>-<ino> of a namespace, as `namespace ls` prints it');
export type NamespaceKey = z.infer<typeof NamespaceKey>;

/** A process as lists name it. */
export const ProcessReference = z.object({
  pid: z.number().int().positive(),
  startTimeTicks: Counter,
  /** comm of /proc/<pid>/stat, or the first words of its command line. */
  command: z.string().max(256),
});
export type ProcessReference = z.infer<typeof ProcessReference>;

/** What keeps a namespace alive besides processes that are members of it. Lists are bounded; the counts are whole. */
export const NamespaceHolders = z.object({
  /** Processes whose main thread is a member. */
  processes: z.number().int().nonnegative(),
  /** Threads that are members while the main thread of their process is not. */
  threads: z.number().int().nonnegative(),
  /** Where it is bind-mounted. */
  mounts: z.array(z.object({ path: z.string(), mountNamespace: NamespaceKey.optional() })).max(16),
  mountCount: z.number().int().nonnegative(),
  /** Open descriptors on it. */
  descriptors: z.array(z.object({ process: ProcessReference, fd: z.number().int().nonnegative() })).max(16),
  descriptorCount: z.number().int().nonnegative(),
  /** Namespaces that are nested in it or owned by it. */
  children: z.number().int().nonnegative(),
});
export type NamespaceHolders = z.infer<typeof NamespaceHolders>;

export const Namespace = z.object({
  key: NamespaceKey,
  type: NamespaceType,
  dev: Counter,
  ino: Counter,
  /** One of the host's own. */
  initial: z.boolean(),
  /** User namespace that owns it (NS_GET_USERNS); absent where that could not be read, or it is the initial user namespace itself. */
  owner: NamespaceKey.optional(),
  /** Next outer one, of a pid or user namespace (NS_GET_PARENT). */
  parent: NamespaceKey.optional(),
  /** User id of whoever made a user namespace (NS_GET_OWNER_UID). */
  ownerUid: z.number().int().nonnegative().optional(),
  maker: Maker,
  holders: NamespaceHolders,
  /** The oldest process in it. */
  leader: ProcessReference.optional(),
  /** When it was first seen by this agent: the kernel does not tell when it was made. */
  firstSeenAt: Timestamp,
});
export type Namespace = z.infer<typeof Namespace>;

/** Processes of one workload that share one set of namespaces. */
export const WorkloadGroup = z.object({
  /** One of each type, in the order of NamespaceType. */
  namespaces: z.array(NamespaceKey).max(8),
  processes: z.number().int().positive(),
  leader: ProcessReference,
});
export type WorkloadGroup = z.infer<typeof WorkloadGroup>;

/** Processes that belong together: a container of any runtime, a unit, a session, or a command started by hand. */
export const Workload = z.object({
  /** Stable as long as the workload lives; fit for a URL. */
  id: z.string().max(200),
  maker: Maker,
  /** Path below the mount point of the hierarchy that names it (v2, else v1 pids or memory); `/` is the root. */
  cgroupPath: z.string(),
  processes: z.number().int().positive(),
  leader: ProcessReference,
  startedAt: Timestamp,
  /** By namespaces; the group of the leader first. Bounded: `groupCount` is whole. */
  groups: z.array(WorkloadGroup).max(64),
  groupCount: z.number().int().positive(),
});
export type Workload = z.infer<typeof Workload>;

/**
 * Why a look at the host is partial.
 * - `capabilities`: namespaces of processes with capabilities that the agent lacks may not be read (ptrace(2))
 * - `descriptors`: descriptors of some processes may not be read
 * - `held-elsewhere`: so many namespaces are held by sockets or messages alone, and not shown
 * - `changes-untold`: perf_event_open(2) is refused, so that changes are looked for
 */
export const UnreadableReason = z.enum(['capabilities', 'descriptors', 'held-elsewhere', 'changes-untold']);
export type UnreadableReason = z.infer<typeof UnreadableReason>;

/** What a look at the host could not see: a partial view says so. */
export const Unreadable = z.object({
  /** Processes that could not be read at all. */
  processes: z.number().int().nonnegative(),
  /** Processes whose descriptors could not be looked at. */
  descriptors: z.number().int().nonnegative(),
  /** Why, one sentence each. */
  reasons: z.array(z.string()).max(16),
  /** The same as codes, in the same order, each with how many it concerns; 0 where that is not counted. */
  told: z
    .array(z.object({ reason: UnreadableReason, count: z.number().int().nonnegative() }))
    .max(16)
    .optional(),
});
export type Unreadable = z.infer<typeof Unreadable>;

/**
 * How a host is looked at: by walks of the kernel over its own tasks (BPF iterators), or by /proc, process by process, which
 * takes many times as long.
 */
export const NamespaceWay = z.object({
  kind: z.enum(['iterator', 'proc']),
  /** Why it is not the faster one. */
  reason: z.string().max(400).optional(),
  /** The same as a code, where it is one of those: bpf(2) is refused, the kernel does not tell its types, it has no bpf(2). */
  cause: z.enum(['bpf-refused', 'types-untold', 'bpf-missing']).optional(),
});
export type NamespaceWay = z.infer<typeof NamespaceWay>;

/** Everything on a host that lives in namespaces, at one moment. */
export const NamespaceInventory = z.object({
  at: Timestamp,
  namespaces: z.array(Namespace),
  workloads: z.array(Workload),
  unreadable: Unreadable,
  /** Agents of before this was told leave it out. */
  way: NamespaceWay.optional(),
});
export type NamespaceInventory = z.infer<typeof NamespaceInventory>;

/** A member of a namespace, with what it is called inside. */
export const NamespaceProcess = ProcessReference.extend({
  parentPid: z.number().int().nonnegative(),
  /** Its pid in the innermost pid namespace. */
  innerPid: z.number().int().positive(),
  uid: z.number().int().nonnegative(),
  state: z.string(),
  threads: z.number().int().positive(),
  /** True where only threads of it are members, not its main thread. */
  onlyThreads: z.boolean(),
  workloadId: z.string(),
});
export type NamespaceProcess = z.infer<typeof NamespaceProcess>;
