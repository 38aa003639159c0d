import { z } from 'zod';
import { HostId } from './primitives.ts';

/** 3 hexadecimal digits, chosen at the first `up` so that no two state directories of a host share them; everything on the host that bears our name bears these. */
export const InstanceName = z.string().regex(/^[0-9a-f]{3}$/);
export type InstanceName = z.infer<typeof InstanceName>;

export const defaultStateDirectory = '/var/lib/bulkhead';
export const defaultListen = { address: '127.0.0.1', port: 8470 } as const;

/** `<state>/instance.json`: what a state directory is called. World readable, no secret. */
export const InstanceFile = z.object({ version: z.literal(1), instance: InstanceName, hostId: HostId });
export type InstanceFile = z.infer<typeof InstanceFile>;

/** System users and the group they share (the agent's socket is open to it), by duty. */
export function instanceUsers(instance: InstanceName) {
  return {
    group: `bulkhead-${instance}`,
    database: `bulkhead-db-${instance}`,
    web: `bulkhead-web-${instance}`,
    collector: `bulkhead-collector-${instance}`,
  } as const;
}

/** Every path of an instance. Runtime state is below /run (a socket path has 108 bytes), durable state below the state directory. */
export function instancePaths(stateDirectory: string, instance: InstanceName) {
  const run = `/run/bulkhead/${instance}`;
  return {
    state: stateDirectory,
    instanceFile: `${stateDirectory}/instance.json`,
    policyFile: `/etc/bulkhead/${instance}/policy.json`,
    run,
    /** Read-only bind mount of the program: services read it there, so that a checkout below a closed home directory works. */
    program: `${run}/program`,
    /** One JSON file a service (ServiceConfig), readable by its user alone. */
    config: (service: ServiceName) => `${run}/config/${service}.json`,
    supervisorFile: `${run}/supervisor.json`,
    logs: `${stateDirectory}/logs`,
    /** root, 0700; connected to by the agent alone */
    launcherSocket: `${run}/launcher/launcher.sock`,
    /** root:group, 0660 */
    agentSocket: `${run}/agent/agent.sock`,
    /** owned by the web user, 0600: only it and root can connect, and root is the local administrator */
    controlSocket: `${run}/web/control.sock`,
    databaseSocketDirectory: `${run}/postgres`,
    /** Runtime state and operations journal of containers; memory, root only. */
    containers: `${run}/containers`,
    agentState: `${stateDirectory}/agent`,
    webState: `${stateDirectory}/web`,
    collectorState: `${stateDirectory}/collector`,
    databaseState: `${stateDirectory}/postgres`,
    /** Output of containers, root only. */
    containerLogs: `${stateDirectory}/container-logs`,
  } as const;
}
export type InstancePaths = ReturnType<typeof instancePaths>;

/** Name of our cgroup below each hierarchy's mount point. */
export const cgroupRoot = (instance: InstanceName): string => `bulkhead-${instance}`;

export const ServiceName = z.enum(['database', 'launcher', 'agent', 'collector', 'web']);
export type ServiceName = z.infer<typeof ServiceName>;

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
