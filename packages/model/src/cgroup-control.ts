import { z } from 'zod';
import { CgroupController, CgroupPath } from './cgroup.ts';
import { cgroupModels } from './cgroup-setting/types.ts';
import { Maker } from './maker.ts';
import { Counter, Timestamp } from './primitives.ts';
import { Subject } from './subject.ts';
import { ToldText } from './told-text.ts';

/** Why a setting cannot be changed at a group. */
export const CgroupSettingReason = z.enum([
  /** The controller is mounted in no hierarchy and handed out by no v2 tree. */
  'not-mounted',
  /** v1: the hierarchy has no such group. */
  'not-in-hierarchy',
  /** v2: a group above does not hand the controller down (cgroup.subtree_control). */
  'not-delegated',
  /** The root of a hierarchy has no limits. */
  'root-group',
  /** The words of the version that is in force have none. */
  'other-version',
  /** The kernel has no such file. */
  'kernel-lacks',
  /** A threaded group of v2 has the controllers of threads alone. */
  'threaded',
  /** v2: its parent has threaded groups, and it is none: it takes no process. */
  'domain-invalid',
  /** It tells something and is set by nobody, or not through us. */
  'readable',
]);
export type CgroupSettingReason = z.infer<typeof CgroupSettingReason>;

/** One setting of a group as the kernel holds it. */
export const CgroupSettingState = z.object({
  /** As in the registry of settings: `cpu.weight`, `hugetlb.2MB.max`. */
  key: z.string(),
  controller: z.union([CgroupController, z.literal('cgroup')]),
  model: z.enum(cgroupModels),
  /** In its one form; absent where the group has it not. */
  value: z.string().optional(),
  /** Version of cgroups that has it in force here; absent where the group has it not. */
  version: z.union([z.literal(1), z.literal(2)]).optional(),
  /** Kernel files that it stands in, with what they hold; none where it is a program. */
  files: z.array(z.object({ path: z.string(), text: z.string() })),
  /** Absent where it can be set here. */
  refused: z.object({ reason: CgroupSettingReason, text: z.string(), told: ToldText.optional() }).optional(),
  /** Least and greatest value in force here, and what makes them so. */
  bounds: z
    .object({ least: z.string().optional(), greatest: z.string().optional(), because: z.string().optional(), told: ToldText.optional() })
    .optional(),
  /** What a person should know of the value: a program that is not ours, say. */
  note: z.string().optional(),
  noteTold: ToldText.optional(),
});
export type CgroupSettingState = z.infer<typeof CgroupSettingState>;

/**
 * A change that is asked for: a setting by its key, or a kernel file of either version by its name (`cpu.shares`), whose
 * value is then in the words of that file and converted where the other version is in force.
 */
export const CgroupSettingChange = z.object({ key: z.string().min(1).max(128), value: z.string().max(65_536) });
export type CgroupSettingChange = z.infer<typeof CgroupSettingChange>;

/** One step of a change, in order. */
export const CgroupStep = z.object({
  /** Absolute path of the kernel file; of the group where it is a program. */
  file: z.string(),
  /** Setting it belongs to; absent for steps that only prepare (cgroup.subtree_control). */
  key: z.string().optional(),
  /** What the file holds now; absent where it can only be written. */
  before: z.string().optional(),
  after: z.string(),
});
export type CgroupStep = z.infer<typeof CgroupStep>;

/** What a change would do. Nothing of it is done. */
export const CgroupPlan = z.object({
  path: CgroupPath,
  /** None where all is so already. */
  steps: z.array(CgroupStep),
  /** What a person should know before: conversions that lose something, controllers that are enabled above. */
  warnings: z.array(z.string()),
  /** The same as codes, in the same order. */
  warningsTold: z.array(ToldText).optional(),
});
export type CgroupPlan = z.infer<typeof CgroupPlan>;

/** What can be done to a cgroup. */
export const cgroupVerbs = ['set', 'create', 'remove', 'move', 'freeze', 'thaw', 'kill'] as const;
export const CgroupVerb = z.enum(cgroupVerbs);
export type CgroupVerb = z.infer<typeof CgroupVerb>;

/** Whose a group is, and what that means for a change made past the owner. */
export const CgroupOwnership = z.object({
  maker: Maker,
  /** Somebody else's than this instance's, or nobody's. */
  foreign: z.boolean(),
  /** The owner's own command for this very change; absent where it has none. */
  command: z.string().optional(),
  /** What the owner will do to what is changed here; absent where there is no owner. */
  overwritten: z.string().optional(),
  overwrittenTold: ToldText.optional(),
  /** Changes for which the owner has no words, by their keys. */
  unknownToOwner: z.array(z.string()),
  /** True where the change wants to be confirmed. */
  confirm: z.boolean(),
  /** Why it must not be done by a slip, one sentence each; none where the group is not protected from this. */
  protections: z.array(z.string()),
  /** The same as codes, in the same order. */
  protectionsTold: z.array(ToldText).optional(),
});
export type CgroupOwnership = z.infer<typeof CgroupOwnership>;

/** Who set a setting last through this instance, while the group lives. */
export const CgroupSettingAuthor = z.object({ key: z.string(), at: Timestamp, subject: Subject });
export type CgroupSettingAuthor = z.infer<typeof CgroupSettingAuthor>;

/** A disk whose limits and weights can be set, by the number that the kernel files have. */
export const BlockDevice = z.object({
  /** `8:0`. */
  number: z.string(),
  /** `sda`. */
  name: z.string(),
  /** A partition: its limits and weights are those of the whole disk, which is the one to name. */
  isPartition: z.boolean(),
});
export type BlockDevice = z.infer<typeof BlockDevice>;

/** A process of a group, or of one below it. */
export const CgroupProcess = z.object({
  pid: z.number().int().positive(),
  parentPid: z.number().int().nonnegative(),
  uid: z.number().int().nonnegative(),
  /** Name of the user on the host; absent where it has none, as ids of containers have. */
  user: z.string().max(256).optional(),
  /** One letter, as in /proc/<pid>/stat. */
  state: z.string().max(16),
  /** Command line; the name in brackets where there is none. */
  command: z.string().max(512),
  threads: z.number().int().positive(),
  /** Absent for threads of the kernel. */
  residentBytes: Counter.optional(),
  cpuUsec: Counter.optional(),
  /** Group that it is in: the one that was asked for, or one below. */
  path: CgroupPath,
  /** Controllers whose hierarchies have it there; none for a v2 tree without controllers. On v1 it may be elsewhere in others. */
  controllers: z.array(CgroupController),
  /** What it belongs to, by its groups. */
  maker: Maker,
});
export type CgroupProcess = z.infer<typeof CgroupProcess>;

/** A hierarchy with its controllers, as lssubsys(1) tells them. */
export const CgroupHierarchy = z.object({
  version: z.union([z.literal(1), z.literal(2)]),
  /** By the kernel's own names: `blkio` on v1, `io` on v2. */
  controllers: z.array(z.string()),
  mountPoint: z.string(),
});
export type CgroupHierarchy = z.infer<typeof CgroupHierarchy>;
