import {
  CgroupPath,
  Container,
  ContainerDetail,
  ContainerId,
  ContainerProcess,
  ContainerReference,
  ContainerSpec,
  ExitStatus,
  HostEvent,
  HostInfo,
  HostUse,
  JournalEntry,
  LimitChanges,
  PostMortem,
  Sample,
  TenantId,
  Timestamp,
  Transcript,
} from '@bulkhead/model';
import { z } from 'zod';
import { cgroupContract } from './cgroup.ts';
import { mutation, query, type RouterOf, subscription } from './contract.ts';
import { doctorContract } from './doctor.ts';
import { labContract } from './lab.ts';
import { namespaceContract } from './namespace.ts';

const One = z.object({ container: ContainerReference });
const Nothing = z.object({}).default({});
const Base64 = z.base64();

/** A piece of output. Bytes travel as base64: a program may print anything. */
export const OutputChunk = z.object({
  type: z.literal('output'),
  stream: z.enum(['stdout', 'stderr']),
  at: Timestamp.optional(),
  data: Base64,
});
export type OutputChunk = z.infer<typeof OutputChunk>;

/** Output as it comes, then how the process ended, as the last item. */
export const OutputItem = z.discriminatedUnion('type', [
  OutputChunk,
  z.object({ type: z.literal('dropped'), bytes: z.number().int().positive() }),
  z.object({ type: z.literal('exit'), exitStatus: ExitStatus }),
]);
export type OutputItem = z.infer<typeof OutputItem>;

export const ContainerChange = z.discriminatedUnion('type', [
  /** First item, and again after anything was missed: replaces all that is known. */
  z.object({ type: z.literal('snapshot'), containers: z.array(Container) }),
  z.object({ type: z.literal('changed'), container: Container }),
  z.object({ type: z.literal('removed'), id: ContainerId, tenantId: TenantId }),
]);
export type ContainerChange = z.infer<typeof ContainerChange>;

export const Changed = z.object({ container: Container, transcript: Transcript });

const ProcessIo = z.object({
  container: ContainerReference,
  /** Absent: the container's own first process. */
  execId: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .optional(),
});

export const RunSpec = ContainerSpec.extend({
  /** How long to wait for its end, and with `autoRemove` until nothing of it is left; 0 answers once the program runs. */
  waitSeconds: z.number().min(0).max(60).default(0),
  /** Whether the answer carries the transcript. It is kept with the event either way. */
  transcript: z.boolean().default(true),
});
export type RunSpec = z.infer<typeof RunSpec>;

export const ExecSpec = z.object({
  container: ContainerReference,
  args: ContainerSpec.shape.args,
  env: ContainerSpec.shape.env,
  cwd: ContainerSpec.shape.cwd,
  user: ContainerSpec.shape.user,
  terminal: z.boolean().default(false),
  stdin: z.boolean().default(false),
  size: z.object({ columns: z.number().int().min(1).max(1000), rows: z.number().int().min(1).max(1000) }).optional(),
});
export type ExecSpec = z.infer<typeof ExecSpec>;

/** Verbs on containers, the same at the agent and at the control plane. */
export const containerContract = {
  list: query({
    permission: 'container:read',
    scope: 'tenant',
    input: z.object({ tenantId: TenantId.optional() }).default({}),
    output: z.array(Container),
  }),
  inspect: query({ permission: 'container:read', scope: 'tenant', input: One, output: ContainerDetail }),
  create: mutation({ permission: 'container:write', scope: 'tenant', input: ContainerSpec, output: Changed }),
  start: mutation({ permission: 'container:write', scope: 'tenant', input: One, output: Changed }),
  /** Creates and starts in one go. */
  run: mutation({
    permission: 'container:write',
    scope: 'tenant',
    input: RunSpec,
    output: z.object({
      /** As it was when its program took over. */
      container: Container,
      /** How its first process ended; absent where it was not waited for, or it still runs. */
      exitStatus: ExitStatus.optional(),
      transcript: Transcript.optional(),
    }),
  }),
  /** Changes limits of a container that runs; what the kernel refuses leaves all as it was. */
  update: mutation({ permission: 'container:write', scope: 'tenant', input: One.extend({ limits: LimitChanges }), output: Changed }),
  kill: mutation({
    permission: 'container:write',
    scope: 'tenant',
    input: One.extend({ signal: z.number().int().min(1).max(64).default(15) }),
    output: Changed,
  }),
  /** SIGTERM, and SIGKILL to the whole container when the time is over. */
  stop: mutation({
    permission: 'container:write',
    scope: 'tenant',
    input: One.extend({ timeoutSeconds: z.number().min(0).max(3600).default(10) }),
    output: Changed,
  }),
  /** Refused while it runs, unless forced. Answers when nothing of it is left on the host. */
  delete: mutation({
    permission: 'container:write',
    scope: 'tenant',
    input: One.extend({ force: z.boolean().default(false) }),
    output: z.object({ transcript: Transcript }),
  }),
  /** Answers when the first process has ended, or without exitStatus when the time is over. */
  wait: query({
    permission: 'container:read',
    scope: 'tenant',
    input: One.extend({ timeoutSeconds: z.number().min(0).max(60).default(30) }),
    output: z.object({ exitStatus: ExitStatus.optional() }),
  }),
  /** What is known of a container that ended, also after nothing of it is left on the host (from the database). */
  postMortem: query({
    permission: 'container:read',
    scope: 'tenant',
    input: One,
    output: z.object({
      container: Container,
      /** Nothing of it is left on its host. */
      gone: z.boolean(),
      /** Absent while it runs, and where nothing was sealed: it ended unseen, with its host for example. */
      postMortem: PostMortem.optional(),
    }),
  }),
  processes: query({ permission: 'container:read', scope: 'tenant', input: One, output: z.array(ContainerProcess) }),
  /** Stored output, and with `follow` what comes, ending with the exit status. */
  logs: subscription({
    permission: 'container:read',
    scope: 'tenant',
    input: One.extend({ follow: z.boolean().default(false), tailLines: z.number().int().min(0).max(100_000).optional() }),
    output: OutputItem,
  }),
  /** Runs a further process in a running container, at once. */
  exec: mutation({
    permission: 'container:exec',
    scope: 'tenant',
    input: ExecSpec,
    output: z.object({ execId: z.string(), transcript: Transcript }),
  }),
  /** Output of a process from its beginning, live, ending with its exit status. */
  output: subscription({ permission: 'container:exec', scope: 'tenant', input: ProcessIo, output: OutputItem }),
  /** Writes to standard input (open only where the spec asked for `stdin` or `terminal`). */
  input: mutation({
    permission: 'container:exec',
    scope: 'tenant',
    input: ProcessIo.extend({ data: Base64.max(65_536), end: z.boolean().default(false) }),
    output: z.object({}),
  }),
  resize: mutation({
    permission: 'container:exec',
    scope: 'tenant',
    input: ProcessIo.extend({ columns: z.number().int().min(1).max(1000), rows: z.number().int().min(1).max(1000) }),
    output: z.object({}),
  }),
  watch: subscription({
    permission: 'container:read',
    scope: 'tenant',
    input: z.object({ tenantId: TenantId.optional() }).default({}),
    output: ContainerChange,
  }),
  /** The last 15 minutes, one sample a second, oldest first. */
  recent: query({ permission: 'container:read', scope: 'tenant', input: One, output: z.array(Sample) }),
  /** Samples of all containers in scope as they are taken, once a second. */
  samples: subscription({
    permission: 'container:read',
    scope: 'tenant',
    input: Nothing,
    output: z.object({ at: Timestamp, samples: z.array(Sample) }),
  }),
};

/** What an agent answers. */
export const agentContract = {
  container: containerContract,
  cgroup: cgroupContract,
  namespace: namespaceContract,
  lab: labContract,
  host: {
    info: query({ permission: 'host:read', scope: 'host', input: Nothing, output: HostInfo }),
    use: query({ permission: 'host:read', scope: 'host', input: Nothing, output: HostUse }),
    ...doctorContract,
  },
  event: {
    watch: subscription({ permission: 'event:read', scope: 'tenant', input: Nothing, output: HostEvent }),
  },
  ledger: {
    /** Which groups that are no containers are metered from now on: all of them, those that are not there yet among them. */
    meter: mutation({
      permission: 'journal:pull',
      scope: 'host',
      input: z.object({ paths: z.array(CgroupPath).max(1000) }),
      output: z.object({ metered: z.array(CgroupPath) }),
    }),
  },
  journal: {
    /** Entries after a sequence number, in order; the agent keeps them until they are acknowledged. */
    pull: query({
      permission: 'journal:pull',
      scope: 'host',
      input: z.object({ after: z.number().int().nonnegative(), limit: z.number().int().min(1).max(5000).default(1000) }),
      output: z.object({
        entries: z.array(JournalEntry),
        lastSeq: z.number().int().nonnegative(),
        acknowledgedSeq: z.number().int().nonnegative(),
      }),
    }),
    acknowledge: mutation({
      permission: 'journal:pull',
      scope: 'host',
      input: z.object({ seq: z.number().int().nonnegative() }),
      output: z.object({}),
    }),
    /** Makes a reading of every running container durable now and names the last sequence number. */
    flush: mutation({
      permission: 'host:read',
      scope: 'host',
      input: Nothing,
      output: z.object({ lastSeq: z.number().int().nonnegative() }),
    }),
  },
};
export type AgentContract = typeof agentContract;
export type AgentRouter = RouterOf<AgentContract>;
