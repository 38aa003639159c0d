import { Lab, LabKind, LabPoint, LabRun, LabRunId, LabStep } from '@bulkhead/model';
import { z } from 'zod';
import { mutation, query, subscription } from './contract.ts';

export const LabChange = z.discriminatedUnion('type', [
  /** First item, and again after anything was missed: the last run of each lab since the agent's start, or the one asked for. */
  z.object({ type: z.literal('snapshot'), runs: z.array(LabRun) }),
  /** A run that begins, cleans up or has ended, as a whole. */
  z.object({ type: z.literal('run'), run: LabRun }),
  z.object({ type: z.literal('step'), run: LabRunId, step: LabStep }),
  /** Once every 250 ms. */
  z.object({ type: z.literal('point'), run: LabRunId, point: LabPoint }),
]);
export type LabChange = z.infer<typeof LabChange>;

/** Experiments on a host, the same at the agent and at the control plane; administrators and local root. */
export const labContract = {
  list: query({ permission: 'cgroup:read', scope: 'host', input: z.object({}).default({}), output: z.array(Lab) }),
  /** Answers once it runs; one lab at a time, for a second one would spoil what the first measures. */
  start: mutation({
    permission: 'cgroup:write',
    scope: 'host',
    input: z.object({ lab: LabKind, seconds: z.number().int().min(1).max(60).optional() }),
    output: LabRun,
  }),
  /** Of all runs for ever, or of one until it has ended. */
  watch: subscription({
    permission: 'cgroup:read',
    scope: 'host',
    input: z.object({ run: LabRunId.optional() }).default({}),
    output: LabChange,
  }),
  /** Answers when nothing of it is left. One that has ended already is as good as stopped. */
  stop: mutation({ permission: 'cgroup:write', scope: 'host', input: z.object({ run: LabRunId }), output: LabRun }),
};
