import { z } from 'zod';
import { serviceNames } from './instance-paths.ts';
import { HostId } from './primitives.ts';

/** 3 hexadecimal digits, chosen at the first `up` so that no two state directories of a host share them; everything on the host that bears our name bears these. */
export const InstanceName = z.string().regex(/^[0-9a-f]{3}$/);
export type InstanceName = z.infer<typeof InstanceName>;

/** `<state>/instance.json`: what a state directory is called. World readable, no secret. */
export const InstanceFile = z.object({ version: z.literal(1), instance: InstanceName, hostId: HostId });
export type InstanceFile = z.infer<typeof InstanceFile>;

export const ServiceName = z.enum(serviceNames);
export type ServiceName = z.infer<typeof ServiceName>;

/** How long is kept what. */
export const Retention = z
  .object({
    /** Samples of each second, in the agent's memory. */
    liveMinutes: z.number().int().min(1).max(60).default(15),
    /** Minutes of containers and cgroups; then hours. */
    minuteDays: z.number().int().min(1).max(366).default(14),
    /** Hours of both. */
    hourMonths: z.number().int().min(1).max(120).default(13),
    /** Days of use. */
    dayMonths: z.number().int().min(1).max(1200).default(120),
  })
  .refine(({ minuteDays, hourMonths }) => minuteDays <= hourMonths * 28, { message: 'minutes must not be kept longer than hours' });
export type Retention = z.infer<typeof Retention>;

/** What is kept where nobody said otherwise. */
export const defaultRetention: Retention = { liveMinutes: 15, minuteDays: 14, hourMonths: 13, dayMonths: 120 };

/** What the supervisor tells a service: the file named by BULKHEAD_CONFIG. It may hold a database password, so it is mode 0400 and owned by the service's user. */
export const ServiceConfig = z.object({
  service: ServiceName,
  version: z.string(),
  instance: InstanceName,
  hostId: HostId,
  stateDirectory: z.string(),
  /** Database of web and collector, each under its own role; of the migration, the owner's. */
  databaseUrl: z.string().optional(),
  /** Ed25519, PKCS#8 PEM: signs statements to agents (web, collector). */
  signingKeyFile: z.string().optional(),
  /** The cgroup that was delegated to the instance, below the mount point of the v2 tree (agent); absent where the tree is its own to divide. */
  delegatedCgroup: z.string().optional(),
  /** `<state>/agent/verify-keys.json` (agent). */
  verifyKeysFile: z.string().optional(),
  /** better-auth's secret (web). */
  authSecretFile: z.string().optional(),
  /** Where the dashboard listens (web). */
  listen: z.object({ address: z.string(), port: z.number().int().min(0).max(65_535) }).optional(),
  /** Set beyond loopback (web). */
  tls: z.object({ certificateFile: z.string(), keyFile: z.string() }).optional(),
  /** `<state>/web/setup.json`: hash of the one-time link's token and when it dies (web). */
  setupFile: z.string().optional(),
  /** As set for this instance; `defaultRetention` where it is missing. */
  retention: Retention.optional(),
});
export type ServiceConfig = z.infer<typeof ServiceConfig>;

/** `<state>/agent/verify-keys.json`: whose statements the agent believes, and for which roles. */
export const VerifyKeys = z.array(
  z.object({ name: z.string(), publicKeyPem: z.string(), roles: z.array(z.enum(['administrator', 'member', 'collector'])) }),
);
export type VerifyKeys = z.infer<typeof VerifyKeys>;

/** `<state>/web/setup.json`. The token itself is in the link alone. */
export const SetupFile = z.object({ tokenSha256: z.string().length(64), expiresAtMsec: z.number().int() });
export type SetupFile = z.infer<typeof SetupFile>;
