import {
  Namespace,
  NamespaceInventory,
  NamespaceKey,
  NamespaceProcess,
  NamespaceType,
  Timestamp,
  Transcript,
  Unreadable,
  Workload,
} from '@bulkhead/model';
import { z } from 'zod';
import { query, subscription } from './contract.ts';

const Nothing = z.object({}).default({});

export const NamespaceChange = z.discriminatedUnion('type', [
  /** First item, and again after anything was missed: replaces all that is known. */
  NamespaceInventory.extend({ type: z.literal('snapshot') }),
  z.object({
    type: z.literal('changed'),
    at: Timestamp,
    /** New ones and those that are no longer as they were, whole. */
    namespaces: z.array(Namespace),
    removedNamespaces: z.array(NamespaceKey),
    workloads: z.array(Workload),
    removedWorkloads: z.array(z.string()),
    unreadable: Unreadable,
  }),
]);
export type NamespaceChange = z.infer<typeof NamespaceChange>;

/**
 * Namespaces and what lives in them, the same at the agent and at the control plane. A tenant's member sees the
 * workloads of its tenants and the namespaces that these made; an administrator sees the host.
 */
export const namespaceContract = {
  list: query({
    permission: 'namespace:read',
    scope: 'tenant',
    input: z.object({ type: NamespaceType.optional() }).default({}),
    output: NamespaceInventory,
  }),
  inspect: query({
    permission: 'namespace:read',
    scope: 'tenant',
    input: z.object({ key: NamespaceKey }),
    output: z.object({
      namespace: Namespace,
      workloads: z.array(Workload),
      /** The oldest first; `processCount` is whole. */
      processes: z.array(NamespaceProcess).max(1000),
      processCount: z.number().int().nonnegative(),
      /** Reads that showed it, and the commands that would show the same. */
      transcript: Transcript,
    }),
  }),
  watch: subscription({ permission: 'namespace:read', scope: 'tenant', input: Nothing, output: NamespaceChange }),
};
