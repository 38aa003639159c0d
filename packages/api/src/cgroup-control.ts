import {
  BlockDevice,
  CgroupController,
  CgroupHierarchy,
  CgroupOwnership,
  CgroupPath,
  CgroupPlan,
  CgroupProcess,
  CgroupSettingAuthor,
  CgroupSettingChange,
  CgroupSettingState,
  CgroupVerb,
  ToldText,
  Transcript,
} from '@bulkhead/model';
import { z } from 'zod';
import { mutation, query } from './contract.ts';

const Pids = z.array(z.number().int().positive().max(4_194_304)).max(10_000);
const Changes = z.array(CgroupSettingChange).max(256);

/** Why somebody may do it all the same. */
const Deliberate = z.object({
  path: CgroupPath,
  /** The person has been told whose the group is, and what becomes of the change. */
  confirmed: z.boolean().default(false),
  /** Also where the group is protected; taken from a local root alone. */
  force: z.boolean().default(false),
});

/** What was done, and whose group it was done to. */
export const CgroupDone = z.object({ ownership: CgroupOwnership, transcript: Transcript });
export type CgroupDone = z.infer<typeof CgroupDone>;

/** What a dry run tells. */
export const CgroupPlanned = z.object({
  plan: CgroupPlan,
  ownership: CgroupOwnership,
  /** Why it would be refused, whatever is confirmed; absent where it would be done. */
  refusal: z.string().optional(),
  /** The same as codes, and what to do about it. */
  refusalTold: z.object({ what: ToldText, remedy: ToldText.optional() }).optional(),
});
export type CgroupPlanned = z.infer<typeof CgroupPlanned>;

const changing = <I extends z.ZodType>(input: I) => mutation({ permission: 'cgroup:write', scope: 'host', input, output: CgroupDone });

/** Acting on cgroups of the whole host, whoever made them; administrators as far as the host's policy lets them, and local root. */
export const cgroupControlContract = {
  /** Hierarchies and their controllers, as lssubsys(1) lists them. */
  controllers: query({
    permission: 'cgroup:read',
    scope: 'host',
    input: z.object({}).default({}),
    output: z.object({ hierarchies: z.array(CgroupHierarchy), unmounted: z.array(z.string()) }),
  }),
  /** Every setting of a group in one vocabulary, with what it takes here and who set it. */
  settings: query({
    permission: 'cgroup:read',
    scope: 'host',
    input: z.object({ path: CgroupPath }),
    output: z.object({
      settings: z.array(CgroupSettingState),
      /** Settings that were set through this instance; what is missing was set by others, or by nobody. */
      authors: z.array(CgroupSettingAuthor),
      devices: z.array(BlockDevice),
    }),
  }),
  /** Processes of a group, by their pids; `count` is whole where very many are told of in part. */
  processes: query({
    permission: 'cgroup:read',
    scope: 'host',
    input: z.object({
      path: CgroupPath,
      /** Those of the groups below it as well. */
      below: z.boolean().default(false),
    }),
    output: z.object({ processes: z.array(CgroupProcess).max(2000), count: z.number().int().nonnegative() }),
  }),
  /** What something would do, whose group it is, and whether it would be let through. Nothing is done. */
  plan: query({
    permission: 'cgroup:write',
    scope: 'host',
    input: z.object({
      path: CgroupPath,
      verb: CgroupVerb.default('set'),
      changes: Changes.default([]),
      pids: Pids.default([]),
      /** v2: hands controllers that are missing down from the groups above. */
      enableControllers: z.boolean().default(false),
    }),
    output: CgroupPlanned,
  }),
  /** All of the changes or none. */
  set: changing(Deliberate.extend({ changes: Changes.min(1), enableControllers: z.boolean().default(false) })),
  create: changing(Deliberate.extend({ controllers: z.array(CgroupController).min(1).max(16).optional() })),
  remove: changing(Deliberate.extend({ recursive: z.boolean().default(false) })),
  move: changing(
    Deliberate.extend({
      pids: Pids.min(1),
      threads: z.boolean().default(false),
      controllers: z.array(CgroupController).min(1).max(16).optional(),
    }),
  ),
  freeze: changing(Deliberate),
  thaw: changing(Deliberate),
  kill: changing(Deliberate),
};
