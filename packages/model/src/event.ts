import { z } from 'zod';
import { CgroupMinutes, CgroupPath } from './cgroup.ts';
import { CgroupReading, CgroupSums } from './cgroup-reading.ts';
import { Container } from './container.ts';
import { PostMortemRecord } from './post-mortem.ts';
import { ContainerId, HostId, TenantId, Timestamp } from './primitives.ts';
import { ReadingRecord } from './reading.ts';
import { Subject } from './subject.ts';

/** One step of what was done to the host: a syscall or a write, with its duration. */
export const TranscriptStep = z.object({
  /** Who did it: the agent, the launcher, or the child that became the container. */
  actor: z.enum(['agent', 'launcher', 'child']),
  /** Name in section 2 of the manual; writes to kernel files are `write`. */
  syscall: z.string(),
  /** Operands as text, secrets never among them. */
  args: z.string(),
  /** errno name where the call failed. */
  error: z.string().optional(),
  durationNsec: z.number().int().nonnegative(),
  /** Set where a run of equal calls was folded into this one. */
  repeated: z.number().int().positive().optional(),
});
export type TranscriptStep = z.infer<typeof TranscriptStep>;

/** What an action did, and the shell commands that would do the same. */
export const Transcript = z.object({
  steps: z.array(TranscriptStep),
  commands: z.array(z.string()),
  durationNsec: z.number().int().nonnegative(),
  /** Steps left out because the bound was reached; 0 when it is whole. */
  dropped: z.number().int().nonnegative(),
});
export type Transcript = z.infer<typeof Transcript>;

export const EventKind = z.enum([
  'container.created',
  'container.create-failed',
  'container.started',
  'container.exited',
  'container.deleted',
  'container.signalled',
  'container.exec-started',
  'container.exec-exited',
  'container.oom-killed',
  'container.updated',
  'cgroup.set',
  'cgroup.created',
  'cgroup.removed',
  'cgroup.moved',
  'cgroup.frozen',
  'cgroup.thawed',
  'cgroup.killed',
  'cgroup.oom-killed',
  'cgroup.pids-refused',
  'cgroup.memory-pressure',
  'cgroup.cpu-pressure',
  'cgroup.io-pressure',
  'cgroup.throttled',
  'agent.started',
  'agent.recovered',
  'launcher.lost',
  'launcher.upgraded',
  'lab.started',
  'lab.ended',
  'host.clock-stepped',
  'authorisation.refused',
  'cgroup.config-imported',
  'cgroup.config-applied',
  'cgroup.config-failed',
  'cgroup.config-removed',
]);
export type EventKind = z.infer<typeof EventKind>;

/** Something that happened on a host. `id` is a UUIDv7, so that order by id is order in time. */
export const HostEvent = z.object({
  id: z.uuid(),
  hostId: HostId,
  at: Timestamp,
  kind: EventKind,
  tenantId: TenantId.optional(),
  containerId: ContainerId.optional(),
  containerName: z.string().optional(),
  /** The cgroup that it happened to, of a container or of anybody else. */
  cgroupPath: CgroupPath.optional(),
  subject: Subject.optional(),
  /** Facts of the event, small and flat. */
  detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  transcript: Transcript.optional(),
});
export type HostEvent = z.infer<typeof HostEvent>;

/** Lines of the agent's journal, in the order they became durable. */
export const JournalRecord = z.discriminatedUnion('kind', [
  ReadingRecord,
  CgroupMinutes,
  CgroupReading,
  CgroupSums,
  PostMortemRecord,
  z.object({ kind: z.literal('event'), event: HostEvent }),
  z.object({ kind: z.literal('container'), container: Container, deleted: z.boolean() }),
]);
export type JournalRecord = z.infer<typeof JournalRecord>;

export const JournalEntry = z.object({ seq: z.number().int().positive(), record: JournalRecord });
export type JournalEntry = z.infer<typeof JournalEntry>;
