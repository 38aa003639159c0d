import { ContainerId, ExitStatus, NamespaceType } from '@bulkhead/model';
import { z } from 'zod';

/*
 * What agent and launcher say to each other over a SOCK_SEQPACKET socket, one JSON text a message; descriptors travel
 * beside it (SCM_RIGHTS), in the order named here. Only the agent asks; the launcher answers with the same `seq`, and
 * tells of exits on its own.
 *
 *   agent                         launcher                         child (forked, in its new namespaces)
 *     | hello ------------------->  |                                 |
 *     |  <------------------ hello  |                                 |
 *     | prepare ----------------->  | clone3 ------------------------>|   (ahead of need, or on `create`)
 *     |                             | uid_map, gid_map                |
 *     |                             | "mapped" ---------------------> | ids, mounts, pivot_root
 *     | create [entry fds] ------>  | a further list, "given" [fds] ->| cgroups, files, streams, capabilities
 *     |                             | <------- "ready" [terminal] --- |
 *     |  <------- created [pidfd]   |                                 | (waits)
 *     | start ------------------->  | "start" ----------------------> | execve
 *     |  <----------------- started | <--------- end of channel ----- |
 *     |  <------------------ exited | (waitid, status recorded under /run first)
 *
 * What the child does is a list of syscalls in memory that it shares with the launcher (decision 18): it runs no code of
 * ours but the one that walks the list. A `create` that finds no sandbox forks one that has the whole list from the
 * beginning and inherits its descriptors. A `create` that says `start` spares the two ways in between: the child does
 * not wait, and `created` is said at the end of the channel.
 */

/** Raised whenever a message changes its meaning; both sides refuse another. */
export const protocolVersion = 3;

/** Longest message sent inline; a longer one travels in a memfd. */
export const inlineMessageBytes = 60_000;

const IdRange = z.object({ hostId: z.number().int().positive(), size: z.number().int().positive() });

const ProcessPlan = z.object({
  args: z.array(z.string()).min(1),
  env: z.array(z.string()),
  cwd: z.string(),
  uid: z.number().int().nonnegative(),
  gid: z.number().int().nonnegative(),
  terminal: z.boolean(),
  stdin: z.boolean(),
  size: z.object({ columns: z.number().int(), rows: z.number().int() }).optional(),
  /** Capabilities kept in every set, as a hexadecimal mask. */
  capabilities: z.string(),
});
export type ProcessPlan = z.infer<typeof ProcessPlan>;

/** Root file system of the `host` template, and whatever else is laid into a fresh root: data only, all decided before the fork. */
const RootPlan = z.object({
  /** Options of the tmpfs that becomes the root (tmpfs(5)). */
  sizeBytes: z.number().int().positive(),
  inodes: z.number().int().positive(),
  directories: z.array(z.object({ path: z.string(), mode: z.number().int() })),
  symlinks: z.array(z.object({ path: z.string(), target: z.string() })),
  /** Read-only recursive binds of host directories, nosuid and nodev. */
  binds: z.array(z.object({ source: z.string(), target: z.string() })),
  /** Names below /dev that are bound from the host, each with the device number it must have. */
  devices: z.array(z.object({ name: z.string(), major: z.number().int(), minor: z.number().int() })),
  maskedPaths: z.array(z.string()),
  readonlyPaths: z.array(z.string()),
});
export type RootPlan = z.infer<typeof RootPlan>;

/** What many containers have in common, so that a child can be forked and its root laid out before anybody asks for it. */
export const SandboxLayout = z.object({
  namespaces: z.array(NamespaceType),
  root: RootPlan,
  oomScoreAdj: z.number().int(),
  /** Capabilities that stay in the bounding set, as a hexadecimal mask. */
  capabilities: z.string(),
});
export type SandboxLayout = z.infer<typeof SandboxLayout>;

/** A sandbox: one of the layouts that were told, by number, and the ids of its users. */
export const SandboxPlan = z.object({ layout: z.number().int().nonnegative(), ids: IdRange });
export type SandboxPlan = z.infer<typeof SandboxPlan>;

/** What makes a container of a sandbox. */
export const ContainerPlan = z.object({
  hostname: z.string(),
  files: z.array(z.object({ path: z.string(), mode: z.number().int(), content: z.string() })),
  process: ProcessPlan,
});
export type ContainerPlan = z.infer<typeof ContainerPlan>;

export const ExecPlan = z.object({
  initPid: z.number().int().positive(),
  namespaces: z.array(NamespaceType),
  process: ProcessPlan,
  oomScoreAdj: z.number().int(),
});
export type ExecPlan = z.infer<typeof ExecPlan>;

export const ExecId = z.string().regex(/^[0-9a-f]{16}$/);

/** Where the output of a process goes. */
const OutputPlan = z.object({
  /** Directory under /run that holds the FIFOs and the exit record. */
  directory: z.string(),
  logFile: z.string(),
  logMaxBytes: z.number().int().positive(),
});
export type OutputPlan = z.infer<typeof OutputPlan>;

/** How the child gets into its cgroups: descriptors of v1 `tasks` files, or one v2 directory to be born in. */
const EntryKind = z.enum(['tasks', 'into']);

/** One call of the agent, the launcher or a child. */
export interface Step {
  actor: 'agent' | 'launcher' | 'child';
  syscall: string;
  args: string;
  error?: string | undefined;
  durationNsec: number;
}

/**
 * Steps on their way from a child through the launcher to the agent: a few hundred at each start, so they travel as
 * text, which the launcher passes on unread.
 */
const StepText = z.string();

/** Steps of one actor as text. */
export function encodeSteps(actor: Step['actor'], steps: readonly Omit<Step, 'actor'>[]): string {
  return JSON.stringify([actor, ...steps.map((step) => [step.syscall, step.args, step.durationNsec, step.error ?? ''])]);
}

/** The same, of steps that are text already: a JSON array each. */
export const joinSteps = (actor: Step['actor'], steps: readonly string[]): string => `[${[JSON.stringify(actor), ...steps].join(',')}]`;

/** The inverse of encodeSteps, for all that came with one answer. */
export function decodeSteps(texts: readonly string[]): Step[] {
  return texts.flatMap((text) => {
    const [actor, ...steps] = JSON.parse(text) as [Step['actor'], ...[string, string, number, string][]];
    return steps.map(([syscall, args, durationNsec, error]) => ({
      actor,
      syscall,
      args,
      durationNsec,
      ...(error === '' ? {} : { error }),
    }));
  });
}

export const Request = z.discriminatedUnion('type', [
  z.object({ type: z.literal('hello'), seq: z.number(), version: z.number() }),
  /** Tells a layout once for all sandboxes that are laid out so: it is long, and the same for most. Forgotten at the end of the connection, not by an upgrade. */
  z.object({ type: z.literal('layout'), seq: z.number(), number: z.number().int().nonnegative(), layout: SandboxLayout }),
  /** Forks a sandbox ahead of need; a `create` with an equal plan takes it. On v1 only: what is born in its cgroup is counted there. */
  z.object({ type: z.literal('prepare'), seq: z.number(), sandbox: SandboxPlan }),
  /** Ends a sandbox that was prepared and not taken. */
  z.object({ type: z.literal('discard'), seq: z.number(), sandbox: SandboxPlan }),
  /** fds: cgroup entry */
  z.object({
    type: z.literal('create'),
    seq: z.number(),
    id: ContainerId,
    sandbox: SandboxPlan,
    plan: ContainerPlan,
    output: OutputPlan,
    entry: EntryKind,
    /** Whether the program takes over at once; `created` is answered when it has. */
    start: z.boolean(),
    /** Whether it is forgotten once its end is recorded and told: nobody will ask for anything of it any more. */
    forgetAtEnd: z.boolean(),
  }),
  z.object({ type: z.literal('start'), seq: z.number(), id: ContainerId, execId: ExecId.optional() }),
  /** `owner`: the user inside, as the host counts. fds: cgroup entry */
  z.object({
    type: z.literal('exec'),
    seq: z.number(),
    id: ContainerId,
    execId: ExecId,
    plan: ExecPlan,
    owner: z.object({ uid: z.number(), gid: z.number() }),
    output: OutputPlan,
    entry: EntryKind,
  }),
  /** A process that another launcher started: takes up its output. fds: terminal, where it has one */
  z.object({
    type: z.literal('adopt'),
    seq: z.number(),
    id: ContainerId,
    execId: ExecId.optional(),
    pid: z.number(),
    terminal: z.boolean(),
    output: OutputPlan,
    forgetAtEnd: z.boolean(),
  }),
  /** Hands out what a client writes to. */
  z.object({ type: z.literal('attach'), seq: z.number(), id: ContainerId, execId: ExecId.optional() }),
  /** Closes the launcher's own end of standard input: the process reads its end once the agent has closed too. */
  z.object({ type: z.literal('close-stdin'), seq: z.number(), id: ContainerId, execId: ExecId.optional() }),
  /** Forgets a process that has ended, or ends one that was never started. */
  z.object({ type: z.literal('forget'), seq: z.number(), id: ContainerId, execId: ExecId.optional() }),
  /**
   * Replaces the program by execve(2) of itself: same pid, same children, same terminals. `hello` and this message keep
   * their meaning in every version: by them an agent that speaks otherwise gets a launcher that speaks as it does.
   */
  z.object({
    type: z.literal('upgrade'),
    seq: z.number(),
    program: z.string(),
    /** Node and its options; absent: those that run now. */
    interpreter: z.array(z.string()).min(1).optional(),
  }),
  /** Forks so many children that allocate, collect garbage and end, one after the other. */
  z.object({ type: z.literal('self-test'), seq: z.number(), forks: z.number().int().min(1).max(1000) }),
  z.object({ type: z.literal('shutdown'), seq: z.number() }),
]);
export type Request = z.infer<typeof Request>;

const ProcessState = z.object({
  id: ContainerId,
  execId: ExecId.optional(),
  pid: z.number(),
  state: z.enum(['created', 'running', 'exited']),
  exitStatus: ExitStatus.optional(),
});
export type ProcessState = z.infer<typeof ProcessState>;

export const Reply = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('hello'),
    seq: z.number(),
    version: z.number(),
    pid: z.number(),
    /** Its version. */
    program: z.string(),
    /** What it is made of (readLauncherBuild); absent: it does not know. */
    build: z.string().optional(),
    processes: z.array(ProcessState),
  }),
  /** Pid of the sandbox. */
  z.object({ type: z.literal('prepared'), seq: z.number(), pid: z.number() }),
  /** fds: pidfd */
  z.object({ type: z.literal('created'), seq: z.number(), pid: z.number(), steps: z.array(StepText) }),
  /** fds: stdin's writing end (`stdin`), then the terminal's master (`terminal`) */
  z.object({ type: z.literal('attached'), seq: z.number(), stdin: z.boolean(), terminal: z.boolean() }),
  z.object({ type: z.literal('started'), seq: z.number(), steps: z.array(StepText) }),
  z.object({ type: z.literal('done'), seq: z.number() }),
  /** How children ended that should have ended otherwise. */
  z.object({ type: z.literal('tested'), seq: z.number(), failures: z.array(z.string()) }),
  z.object({
    type: z.literal('failed'),
    seq: z.number(),
    message: z.string(),
    syscall: z.string().optional(),
    code: z.string().optional(),
    steps: z.array(StepText),
  }),
  z.object({
    type: z.literal('exited'),
    id: ContainerId,
    execId: ExecId.optional(),
    pid: z.number(),
    exitStatus: ExitStatus,
    droppedBytes: z.number(),
  }),
]);
export type Reply = z.infer<typeof Reply>;
