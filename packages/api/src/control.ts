import {
  CgroupPath,
  Container,
  ContainerId,
  ContainerReference,
  Counter,
  HostEvent,
  HostId,
  HostInfo,
  HostUse,
  Password,
  TenantId,
  Timestamp,
  User,
  UserEmail,
  UserLink,
  UserName,
  UserReference,
} from '@bulkhead/model';
import { z } from 'zod';
import { ContainerChange, containerContract } from './agent.ts';
import { accountContract, creditContract, invoiceContract, planContract } from './billing.ts';
import { cgroupContract, cgroupHistoryContract, StorageReport } from './cgroup.ts';
import { mutation, query, type RouterOf, subscription } from './contract.ts';
import { doctorContract } from './doctor.ts';
import { labContract } from './lab.ts';
import { ledgerContract, tenantContract } from './ledger.ts';
import { namespaceContract } from './namespace.ts';
import { Role } from './permission.ts';

const Nothing = z.object({}).default({});
const Token = z.string().min(1).max(128);

export const SessionView = z.object({
  user: z.object({ id: z.string(), name: z.string(), email: z.string() }).optional(),
  role: Role,
  /** `all`, or the tenants whose objects are shown. */
  tenants: z.union([z.literal('all'), z.array(TenantId)]),
});
export type SessionView = z.infer<typeof SessionView>;

export const HostView = HostInfo.partial().extend({ hostId: HostId, reachable: z.boolean(), lastSeenAt: Timestamp.optional() });
export type HostView = z.infer<typeof HostView>;

/** Use of one container over the window; counters are exact differences of the kernel's own. */
export const UsageLine = z.object({
  hostId: HostId,
  containerId: ContainerId,
  containerName: z.string(),
  tenantId: TenantId,
  cpuUsageUsec: Counter.optional(),
  /** Present where the kernel counts nanoseconds (v1 cpuacct.usage). */
  cpuUsageNsec: Counter.optional(),
  memoryByteSeconds: Counter,
  ioReadBytes: Counter.optional(),
  ioWriteBytes: Counter.optional(),
  /** Time over which gauges could not be measured. */
  unmeasuredMsec: Counter,
  firstAt: Timestamp,
  lastAt: Timestamp,
  /** True once the last reading of the container is in. */
  final: z.boolean(),
});
export type UsageLine = z.infer<typeof UsageLine>;

export const UsageSummary = z.object({
  tenantId: TenantId,
  from: Timestamp.optional(),
  to: Timestamp,
  cpuUsageUsec: Counter,
  cpuUsageNsec: Counter.optional(),
  memoryByteSeconds: Counter,
  ioReadBytes: Counter.optional(),
  ioWriteBytes: Counter.optional(),
  containers: z.array(UsageLine),
});
export type UsageSummary = z.infer<typeof UsageSummary>;

/** A point of a stored chart. A missing point is a gap and stays one. */
export const HistoryPoint = z.object({
  at: Timestamp,
  /** Mean number of CPUs in use since the point before, in thousandths. */
  cpuMillis: z.number().nonnegative().optional(),
  memoryBytes: z.number().nonnegative().optional(),
  pids: z.number().nonnegative().optional(),
  ioReadBytesPerSecond: z.number().nonnegative().optional(),
  ioWriteBytesPerSecond: z.number().nonnegative().optional(),
});
export type HistoryPoint = z.infer<typeof HistoryPoint>;

/** CPU and memory of the last 15 minutes in coarse steps, for sparklines. `null` is a step that was not measured. */
export const ContainerTrend = z.object({
  id: ContainerId,
  stepSeconds: z.number().positive(),
  /** End of the last step. */
  endAt: Timestamp,
  /** Mean number of CPUs in use during each step, in thousandths. */
  cpuMillis: z.array(z.number().nonnegative().nullable()),
  /** Memory at the end of each step. */
  memoryBytes: z.array(z.number().nonnegative().nullable()),
});
export type ContainerTrend = z.infer<typeof ContainerTrend>;

/** Use of a whole host at one moment. An absent field was not measured. */
export const HostPoint = z.object({
  at: Timestamp,
  /** Mean number of CPUs not idle since the point before, in thousandths. */
  cpuMillis: z.number().nonnegative().optional(),
  memoryUsedBytes: z.number().nonnegative().optional(),
});
export type HostPoint = z.infer<typeof HostPoint>;

/** Whether the agent of a host answers the control plane. */
export const HostReachability = z.object({ hostId: HostId, reachable: z.boolean(), since: Timestamp });
export type HostReachability = z.infer<typeof HostReachability>;

/** What the control plane answers to browsers, and to a local root over its socket. */
export const controlContract = {
  session: {
    current: query({ permission: 'none', scope: 'public', input: Nothing, output: SessionView }),
  },
  setup: {
    /** Whether a first administrator is still wanted. */
    state: query({ permission: 'none', scope: 'public', input: Nothing, output: z.object({ needed: z.boolean() }) }),
    /** Makes the first administrator; the token comes from the one-time link and dies with use. */
    complete: mutation({
      permission: 'none',
      scope: 'public',
      input: z.object({
        token: Token,
        name: UserName,
        email: UserEmail,
        password: Password,
      }),
      output: z.object({}),
    }),
    /** Whose password a one-time link sets. A mutation, so that no token stands in an address. */
    openLink: mutation({
      permission: 'none',
      scope: 'public',
      input: z.object({ token: Token }),
      output: z.object({ name: z.string(), email: z.string(), hasPassword: z.boolean() }),
    }),
    /** Sets the password; ends the link, and every session of the user. */
    setPassword: mutation({
      permission: 'none',
      scope: 'public',
      input: z.object({ token: Token, password: Password }),
      output: z.object({ email: z.string() }),
    }),
  },
  container: {
    ...containerContract,
    history: query({
      permission: 'container:read',
      scope: 'tenant',
      input: z.object({ containerId: ContainerId, from: Timestamp, to: Timestamp }),
      output: z.array(HistoryPoint),
    }),
    /** Sparklines of several containers at once; those out of scope or unknown are left out. */
    trends: query({
      permission: 'container:read',
      scope: 'tenant',
      input: z.object({ containers: z.array(ContainerId).max(200) }),
      output: z.array(ContainerTrend),
    }),
    /** Containers that are gone, from the database, newest first. */
    past: query({
      permission: 'container:read',
      scope: 'tenant',
      input: z.object({ limit: z.number().int().min(1).max(500).default(100) }).default({ limit: 100 }),
      output: z.array(Container),
    }),
  },
  cgroup: { ...cgroupContract, ...cgroupHistoryContract },
  namespace: namespaceContract,
  lab: labContract,
  event: {
    list: query({
      permission: 'event:read',
      scope: 'tenant',
      input: z
        .object({
          container: ContainerReference.optional(),
          cgroup: CgroupPath.optional(),
          kind: z.string().max(64).optional(),
          before: z.uuid().optional(),
          limit: z.number().int().min(1).max(500).default(100),
        })
        .default({ limit: 100 }),
      output: z.array(HostEvent.omit({ transcript: true }).extend({ hasTranscript: z.boolean() })),
    }),
    inspect: query({ permission: 'event:read', scope: 'tenant', input: z.object({ id: z.uuid() }), output: HostEvent }),
    watch: subscription({ permission: 'event:read', scope: 'tenant', input: Nothing, output: HostEvent }),
  },
  usage: {
    /** Use per tenant, up to now: the running containers' counters are read and stored first. */
    summarise: query({
      permission: 'usage:read',
      scope: 'tenant',
      input: z.object({ tenantId: TenantId.optional(), from: Timestamp.optional(), to: Timestamp.optional() }).default({}),
      output: z.array(UsageSummary),
    }),
  },
  plan: planContract,
  account: accountContract,
  credit: creditContract,
  invoice: invoiceContract,
  user: {
    list: query({ permission: 'user:read', scope: 'host', input: Nothing, output: z.array(User) }),
    /** A member of a tenant, which is made where it is not there yet; signs in once the link was used. */
    add: mutation({
      permission: 'user:write',
      scope: 'host',
      input: z.object({ name: UserName, email: UserEmail, tenantId: TenantId }),
      output: z.object({ user: User, link: UserLink }),
    }),
    /** A new link; an earlier one dies. The password of before works until the link is used. */
    reset: mutation({
      permission: 'user:write',
      scope: 'host',
      input: z.object({ user: UserReference }),
      output: z.object({ user: User, link: UserLink }),
    }),
    /** Its sessions end; what it made stays. The last administrator stays too. */
    remove: mutation({
      permission: 'user:write',
      scope: 'host',
      input: z.object({ user: UserReference }),
      output: z.object({ user: User }),
    }),
  },
  ledger: ledgerContract,
  tenant: tenantContract,
  host: {
    list: query({ permission: 'host:read', scope: 'host', input: Nothing, output: z.array(HostView) }),
    use: query({ permission: 'host:read', scope: 'host', input: Nothing, output: HostUse }),
    ...doctorContract,
    /** What is stored of all hosts together, and what of this one still waits. */
    storage: query({ permission: 'host:read', scope: 'host', input: Nothing, output: StorageReport }),
    /** The last 15 minutes, oldest first. A missing point is a gap and stays one. */
    recent: query({ permission: 'host:read', scope: 'host', input: Nothing, output: z.array(HostPoint) }),
    /** Reachability of the hosts behind what the caller sees: first item at once, then at each change. */
    watch: subscription({ permission: 'container:read', scope: 'tenant', input: Nothing, output: z.array(HostReachability) }),
  },
};
export type ControlContract = typeof controlContract;
export type ControlRouter = RouterOf<ControlContract>;
export { ContainerChange };
