import {
  CgroupPath,
  Conservation,
  ContainerReference,
  Counter,
  Gap,
  HostId,
  MeterId,
  Ownership,
  Quantity,
  Resource,
  TenantId,
  Timestamp,
  UsageRowFlag,
} from '@bulkhead/model';
import { z } from 'zod';
import { mutation, query } from './contract.ts';

const Nothing = z.object({}).default({});

/** What people call a tenant: one line, shown as it is. */
export const TenantName = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .refine((text) => !/\p{Cc}/u.test(text), 'must not contain control characters');

/** What can be given to a tenant: a container by id or name, or any other cgroup by its path. */
export const OwnableReference = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('container'), container: ContainerReference }),
  /** `label` is what people call it: the path where it is absent. */
  z.object({ kind: z.literal('cgroup'), path: CgroupPath, label: z.string().trim().min(1).max(200).optional() }),
]);
export type OwnableReference = z.infer<typeof OwnableReference>;

/** One interval of ownership, with who said so. */
export const OwnedResource = Ownership.extend({ resource: Resource, createdBy: z.string(), endedBy: z.string().optional() });
export type OwnedResource = z.infer<typeof OwnedResource>;

/** Tenants as nouns of their own: who they are and what they own. */
export const tenantContract = {
  list: query({
    permission: 'tenant:read',
    scope: 'tenant',
    input: Nothing,
    output: z.array(z.object({ tenantId: TenantId, name: z.string().optional(), createdAt: Timestamp })),
  }),
  add: mutation({
    permission: 'tenant:write',
    scope: 'host',
    input: z.object({ tenantId: TenantId, name: TenantName.optional() }),
    output: z.object({}),
  }),
  /** Its id stays, and with it all that is its. */
  rename: mutation({
    permission: 'tenant:write',
    scope: 'host',
    input: z.object({ tenantId: TenantId, name: TenantName }),
    output: z.object({}),
  }),
  /** Gives a resource to a tenant from a moment on, or for an interval; now and without end where none is told. */
  own: mutation({
    permission: 'tenant:write',
    scope: 'host',
    input: z.object({ tenantId: TenantId, resource: OwnableReference, from: Timestamp.optional(), to: Timestamp.optional() }),
    output: z.object({}),
  }),
  /** Takes it away at a moment, now where none is told: then it is nobody's. */
  disown: mutation({
    permission: 'tenant:write',
    scope: 'host',
    input: z.object({ tenantId: TenantId, resource: OwnableReference, to: Timestamp.optional() }),
    output: z.object({}),
  }),
  /** Every interval of ownership there was, by host, resource and time. What a tenant's containers are from their beginning is not among it. */
  owned: query({
    permission: 'tenant:read',
    scope: 'tenant',
    input: z.object({ tenantId: TenantId.optional() }).default({}),
    output: z.array(OwnedResource),
  }),
};

/** A quantity of one meter of one resource over a period. */
export const ReportLine = z.object({
  resource: Resource,
  meter: MeterId,
  quantity: Quantity,
  /** Time that the quantity stems from, and the part of it over which the gauge was not measured. */
  durationMsec: Counter,
  unmeasuredMsec: Counter,
  flags: z.array(UsageRowFlag),
});
export type ReportLine = z.infer<typeof ReportLine>;

const Period = { from: Timestamp, to: Timestamp };

/** What is asked of the ledger beside the sums of `usage.summarise`. */
export const ledgerContract = {
  /** Everything that a tenant used over [from, to), by resource and meter: of days and hours that are made up, and of readings since. */
  report: query({
    permission: 'usage:read',
    scope: 'tenant',
    input: z.object({ tenantId: TenantId, ...Period }),
    output: z.array(ReportLine),
  }),
  /** The ledger held against the kernel's own sums, hour by hour; of whole hosts too where the caller sees all tenants. */
  conservation: query({
    permission: 'usage:read',
    scope: 'tenant',
    input: z.object({ tenantId: TenantId.optional(), ...Period }),
    output: z.array(Conservation),
  }),
  /** Time about which less is known than readings would tell. */
  gaps: query({
    permission: 'usage:read',
    scope: 'tenant',
    input: z.object({ tenantId: TenantId, ...Period }),
    output: z.array(Gap),
  }),
  /** Up to when everything of each host is in, and how many records of its journal within the period never came. */
  watermarks: query({
    permission: 'host:read',
    scope: 'host',
    input: z.object(Period),
    output: z.array(z.object({ hostId: HostId, name: z.string(), until: Timestamp.optional(), missing: z.number().int().nonnegative() })),
  }),
};
