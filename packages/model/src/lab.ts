import { z } from 'zod';
import { type CgroupController, CgroupPath } from './cgroup.ts';
import { ExitStatus } from './container.ts';
import { ContainerName, Timestamp } from './primitives.ts';
import { Subject } from './subject.ts';

/** An experiment on this host that shows one use of control groups. */
export const LabKind = z.enum(['shares', 'quota', 'memory', 'pids', 'io', 'freeze', 'account']);
export type LabKind = z.infer<typeof LabKind>;

/** What control groups are for (the four uses every introduction names). */
export const LabUse = z.enum(['limit', 'prioritise', 'account', 'control']);
export type LabUse = z.infer<typeof LabUse>;

/** Unit of a series or a check; formatting is the reader's. */
export const LabUnit = z.enum(['percent', 'cpuMillis', 'usec', 'bytes', 'bytesPerSecond', 'count', 'signal', 'exitCode']);
export type LabUnit = z.infer<typeof LabUnit>;

export const LabSeries = z.object({
  key: z.enum(['less', 'more', 'used', 'quota', 'limit', 'tasks', 'refused', 'read', 'first', 'second', 'sum']),
  unit: LabUnit,
  /** What is allowed, beside what is used. */
  isLimit: z.boolean().optional(),
});
export type LabSeries = z.infer<typeof LabSeries>;

/** Stretches of a run between which a chart changes its meaning. */
export const LabPhase = z.enum([
  'together',
  'free',
  'limited',
  'first-quota',
  'second-quota',
  'growing',
  'forking',
  'frozen',
  'thawed',
  'working',
]);
export type LabPhase = z.infer<typeof LabPhase>;

/** Milliseconds since the run began. */
const AtMsec = z.number().int().nonnegative();

/** One thing that a run did to the host, as it is done. */
export const LabStep = z.discriminatedUnion('type', [
  z.object({ type: z.literal('created'), atMsec: AtMsec, container: ContainerName, cgroupPath: CgroupPath, args: z.array(z.string()) }),
  /** A write into a kernel file, and the shell's way to do the same. */
  z.object({
    type: z.literal('write'),
    atMsec: AtMsec,
    /** Canonical name of the setting, the v2 file's where v2 has one. */
    setting: z.string(),
    /** Absolute. */
    file: z.string(),
    value: z.string(),
    command: z.string(),
  }),
  z.object({ type: z.literal('started'), atMsec: AtMsec, container: ContainerName }),
  z.object({ type: z.literal('phase'), atMsec: AtMsec, phase: LabPhase }),
  z.object({
    type: z.literal('exited'),
    atMsec: AtMsec,
    container: ContainerName,
    exitStatus: ExitStatus,
    oomKilled: z.boolean().optional(),
  }),
  z.object({ type: z.literal('removed'), atMsec: AtMsec, container: ContainerName }),
]);
export type LabStep = z.infer<typeof LabStep>;

/** What was measured at one moment, by series; what was not measured is absent. */
export const LabPoint = z.object({ atMsec: AtMsec, values: z.record(z.string(), z.number()) });
export type LabPoint = z.infer<typeof LabPoint>;

/** One thing that was expected, and what the kernel's counters said of it. */
export const LabCheck = z.object({
  key: z.enum([
    'less-share',
    'owed-share',
    'first-quota',
    'second-quota',
    'throttled-periods',
    'memory-peak',
    'oom-kills',
    'end-signal',
    'most-tasks',
    'refused-forks',
    'witness',
    'free-rate',
    'limited-rate',
    'frozen-cpu',
    'thawed-cpu',
    'first-work',
    'second-work',
    'sum-difference',
  ]),
  unit: LabUnit,
  is: z.enum(['within', 'at-least', 'at-most']),
  expected: z.number(),
  /** How far off `within` may be; 0 of the others. */
  tolerance: z.number().nonnegative(),
  /** Absent where it could not be measured; then it has not passed. */
  measured: z.number().optional(),
  passed: z.boolean(),
});
export type LabCheck = z.infer<typeof LabCheck>;

/** How a run came out: every check passed, one did not, somebody stopped it, or it could not be carried out. */
export const LabOutcome = z.enum(['passed', 'failed', 'stopped', 'broken']);
export type LabOutcome = z.infer<typeof LabOutcome>;

export const LabRunId = z.string().regex(/^[0-9a-f]{4}$/, 'must be 4 hexadecimal digits');
export type LabRunId = z.infer<typeof LabRunId>;

export const LabRun = z.object({
  id: LabRunId,
  lab: LabKind,
  startedAt: Timestamp,
  seconds: z.number().int().positive(),
  subject: Subject.optional(),
  /** `cleaning` while what it made is taken away; once it has `ended` nothing of it is left. */
  state: z.enum(['running', 'cleaning', 'ended']),
  series: z.array(LabSeries),
  steps: z.array(LabStep).max(500),
  points: z.array(LabPoint).max(1000),
  checks: z.array(LabCheck),
  outcome: LabOutcome.optional(),
  /** Why it is `broken`, or what could not be taken away. */
  problem: z.object({ message: z.string(), remedy: z.string().optional() }).optional(),
});
export type LabRun = z.infer<typeof LabRun>;

/** A setting that a lab makes, in the words of both versions of control groups. */
export const LabWord = z.object({
  setting: z.string(),
  v1: z.array(z.string()),
  v2: z.array(z.string()),
  /** How the words of one become those of the other, where they are not the same. */
  formulas: z.array(z.string()),
});
export type LabWord = z.infer<typeof LabWord>;

/** A lab as this host offers it. */
export const Lab = z.object({
  kind: LabKind,
  use: LabUse,
  /** How long it measures: what may be asked for, and what is where nobody asks. */
  seconds: z.object({ least: z.number().int(), preset: z.number().int(), greatest: z.number().int() }),
  words: z.array(LabWord),
  /** Why this host cannot do it; absent where it can. */
  missing: z.object({ message: z.string(), remedy: z.string().optional() }).optional(),
  /** The run that is under way. */
  running: LabRunId.optional(),
});
export type Lab = z.infer<typeof Lab>;

export interface LabFacts {
  use: LabUse;
  /** Controllers it cannot do without, by their v2 names. */
  controllers: readonly CgroupController[];
  /** Settings that it makes, by canonical name. */
  settings: readonly string[];
  seconds: Lab['seconds'];
  series: readonly LabSeries[];
}

/** Longest that any run takes from its first program's start to its verdict. */
export const labMaxSeconds = 60;

/** What is the same of a lab on every host. */
export const labs: Readonly<Record<LabKind, LabFacts>> = {
  shares: {
    use: 'prioritise',
    controllers: ['cpu', 'cpuset'],
    settings: ['cpu.weight', 'cpuset.cpus'],
    seconds: { least: 2, preset: 10, greatest: 50 },
    series: [
      { key: 'less', unit: 'cpuMillis' },
      { key: 'more', unit: 'cpuMillis' },
    ],
  },
  quota: {
    use: 'limit',
    controllers: ['cpu'],
    settings: ['cpu.max'],
    seconds: { least: 2, preset: 5, greatest: 25 },
    series: [
      { key: 'used', unit: 'cpuMillis' },
      { key: 'quota', unit: 'cpuMillis', isLimit: true },
    ],
  },
  memory: {
    use: 'limit',
    controllers: ['memory'],
    settings: ['memory.max', 'memory.swap.max'],
    seconds: { least: 5, preset: 20, greatest: 55 },
    series: [
      { key: 'used', unit: 'bytes' },
      { key: 'limit', unit: 'bytes', isLimit: true },
    ],
  },
  pids: {
    use: 'limit',
    controllers: ['pids'],
    settings: ['pids.max'],
    seconds: { least: 2, preset: 4, greatest: 30 },
    series: [
      { key: 'tasks', unit: 'count' },
      { key: 'limit', unit: 'count', isLimit: true },
      { key: 'refused', unit: 'count' },
    ],
  },
  io: {
    use: 'limit',
    controllers: ['io'],
    settings: ['io.max'],
    seconds: { least: 3, preset: 5, greatest: 25 },
    series: [
      { key: 'read', unit: 'bytesPerSecond' },
      { key: 'limit', unit: 'bytesPerSecond', isLimit: true },
    ],
  },
  freeze: {
    use: 'control',
    controllers: ['freezer', 'cpu'],
    settings: ['cgroup.freeze'],
    seconds: { least: 1, preset: 3, greatest: 30 },
    series: [{ key: 'used', unit: 'cpuMillis' }],
  },
  account: {
    use: 'account',
    controllers: ['cpu'],
    settings: [],
    seconds: { least: 1, preset: 1, greatest: 6 },
    series: [
      { key: 'first', unit: 'usec' },
      { key: 'second', unit: 'usec' },
      { key: 'sum', unit: 'usec' },
    ],
  },
};

/** The tenant whose containers are those of labs. */
export const labTenant = 'lab';

/** `lab-shares-1a2b-less`: what a container of a run is called. */
export const labContainerName = (lab: LabKind, run: LabRunId, role: string): string => `lab-${lab}-${run}-${role}`;
