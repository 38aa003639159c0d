import { z } from 'zod';
import { BootId, ContainerId, ContainerName, Counter, Limit, TenantId, Timestamp } from './primitives.ts';

/** Namespaces by their OCI name (config-linux.md, "Namespaces"). `time` is made on request only. */
export const NamespaceType = z.enum(['pid', 'network', 'mount', 'ipc', 'uts', 'cgroup', 'user', 'time']);
export type NamespaceType = z.infer<typeof NamespaceType>;

/** What a container may use; an absent field means: not limited. Vocabulary of cgroup-v2.rst. */
export const ContainerLimits = z.object({
  /** memory.max */
  memoryMaxBytes: z
    .number()
    .int()
    .min(1024 * 1024, 'must be at least 1M: below that no program starts')
    .max(Number.MAX_SAFE_INTEGER)
    .optional(),
  /** cpu.weight, 1 to 10000, 100 by default */
  cpuWeight: z.number().int().min(1).max(10_000).optional(),
  /** Quota in thousandths of a CPU: 500 is half a CPU (cpu.max with a period of 100 ms). The kernel's least is 10 (a quota of 1 ms). */
  cpuMaxMillis: z
    .number()
    .int()
    .min(10, 'must be at least 0.01 CPU: the kernel takes no quota below 1 ms of 100 ms')
    .max(1_024_000)
    .optional(),
  /** pids.max */
  pidsMax: z
    .number()
    .int()
    .min(1, 'must be at least 1: the first process counts')
    .max(4_194_304, 'must be at most 4194304, the most pids a kernel has')
    .optional(),
});
export type ContainerLimits = z.infer<typeof ContainerLimits>;

/** Limits to change while a container runs; what is absent stays, `max` lifts a limit. */
export const LimitChanges = z
  .object({
    memoryMaxBytes: z.union([ContainerLimits.shape.memoryMaxBytes.unwrap(), z.literal('max')]).optional(),
    cpuWeight: ContainerLimits.shape.cpuWeight,
    cpuMaxMillis: z.union([ContainerLimits.shape.cpuMaxMillis.unwrap(), z.literal('max')]).optional(),
    pidsMax: z.union([ContainerLimits.shape.pidsMax.unwrap(), z.literal('max')]).optional(),
  })
  .refine((changes) => Object.values(changes).some((value) => value !== undefined), { message: 'name a limit to change' });
export type LimitChanges = z.infer<typeof LimitChanges>;

const EnvironmentEntry = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*=[^\0]*$/, 'must look like NAME=value');
const Argument = z
  .string()
  .max(131_072)
  .refine((text) => !text.includes('\0'), 'must not contain NUL');

/** What is asked for; names follow the OCI runtime specification's config.json where it has them. */
export const ContainerSpec = z.object({
  name: ContainerName,
  tenantId: TenantId.default('default'),
  /** Only the `host` template so far: the host's own /usr, read-only, under a fresh root. */
  image: z.string().min(1).max(255),
  args: z.array(Argument).min(1, 'a command is needed').max(1024),
  env: z.array(EnvironmentEntry).max(1024).default([]),
  cwd: z
    .string()
    .startsWith('/')
    .max(4095)
    .refine((text) => !text.includes('\0'), 'must not contain NUL')
    .default('/'),
  hostname: z
    .string()
    .regex(/^[a-zA-Z0-9](?:[a-zA-Z0-9.-]{0,62})$/)
    .optional(),
  /** Numeric ids inside the container. */
  user: z.object({ uid: z.number().int().min(0).max(65_535), gid: z.number().int().min(0).max(65_535) }).default({ uid: 0, gid: 0 }),
  terminal: z.boolean().default(false),
  /** Keeps standard input open for the first attached client. */
  stdin: z.boolean().default(false),
  autoRemove: z.boolean().default(false),
  timeNamespace: z.boolean().default(false),
  limits: ContainerLimits.default({}),
});
export type ContainerSpec = z.infer<typeof ContainerSpec>;
export type ContainerSpecInput = z.input<typeof ContainerSpec>;

/** OCI runtime specification, "State": plus what came of a container that stopped. */
export const ContainerStatus = z.enum(['creating', 'created', 'running', 'stopped']);
export type ContainerStatus = z.infer<typeof ContainerStatus>;

/** How a process ended. `unknown` is what nobody could know any more; it is never shown as 0. */
export const ExitStatus = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('exited'), code: z.number().int().min(0).max(255) }),
  z.object({ kind: z.literal('signaled'), signal: z.number().int().min(1).max(64), coreDumped: z.boolean() }),
  z.object({ kind: z.literal('unknown'), reason: z.string() }),
]);
export type ExitStatus = z.infer<typeof ExitStatus>;

/** One namespace of a container: `{dev, ino}` is its identity (namespaces(7)). */
export const NamespaceReference = z.object({
  type: NamespaceType,
  dev: Counter,
  ino: Counter,
  /** True when it is the host's own. */
  initial: z.boolean(),
});
export type NamespaceReference = z.infer<typeof NamespaceReference>;

/** A row of uid_map or gid_map (user_namespaces(7)). */
export const IdMapping = z.object({ containerId: z.number().int(), hostId: z.number().int(), size: z.number().int() });
export type IdMapping = z.infer<typeof IdMapping>;

/** Identity of a process: a pid alone is reused. */
export const ProcessIdentity = z.object({
  pid: z.number().int().positive(),
  /** Field 22 of /proc/<pid>/stat, clock ticks since boot. */
  startTimeTicks: Counter,
  bootId: BootId,
});
export type ProcessIdentity = z.infer<typeof ProcessIdentity>;

/** Something found different from what was asked (kernel truth wins). */
export const Drift = z.object({ subject: z.string(), asked: z.string(), found: z.string() });
export type Drift = z.infer<typeof Drift>;

/** A container as it stands, without its spec: what lists show. */
export const Container = z.object({
  id: ContainerId,
  name: ContainerName,
  tenantId: TenantId,
  image: z.string(),
  args: z.array(z.string()),
  status: ContainerStatus,
  pid: z.number().int().positive().optional(),
  exitStatus: ExitStatus.optional(),
  /** True once the kernel's OOM killer ended a process of it; absent where it could not be known. */
  oomKilled: z.boolean().optional(),
  createdAt: Timestamp,
  startedAt: Timestamp.optional(),
  finishedAt: Timestamp.optional(),
  limits: ContainerLimits,
  terminal: z.boolean(),
});
export type Container = z.infer<typeof Container>;

/** Everything known of one container. */
export const ContainerDetail = Container.extend({
  spec: ContainerSpec,
  process: ProcessIdentity.optional(),
  /** Path below each hierarchy's mount point. */
  cgroupPath: z.string(),
  idMapping: IdMapping,
  namespaces: z.array(NamespaceReference),
  drift: z.array(Drift),
});
export type ContainerDetail = z.infer<typeof ContainerDetail>;

/** One process of a container with its pid in every pid namespace from the host's inwards (NSpid of /proc/<pid>/status). */
export const ContainerProcess = z.object({
  pid: z.number().int().positive(),
  innerPid: z.number().int().positive(),
  parentPid: z.number().int().nonnegative(),
  state: z.string(),
  uid: z.number().int().nonnegative(),
  innerUid: z.number().int().nonnegative().optional(),
  command: z.string(),
  residentBytes: Counter.optional(),
  cpuUsec: Counter.optional(),
  threads: z.number().int().positive(),
});
export type ContainerProcess = z.infer<typeof ContainerProcess>;

/** Effective limits as the kernel holds them. */
export const EffectiveLimits = z.object({
  memoryMaxBytes: Limit.optional(),
  cpuWeight: z.number().int().optional(),
  cpuMaxMillis: Limit.optional(),
  pidsMax: Limit.optional(),
});
export type EffectiveLimits = z.infer<typeof EffectiveLimits>;
