// Names and paths alone, without zod: a command line that only wants a socket's path need not load a schema library.

export const defaultStateDirectory = '/var/lib/bulkhead';
export const defaultListen = { address: '127.0.0.1', port: 8470 } as const;

export const serviceNames = ['database', 'launcher', 'agent', 'collector', 'web'] as const;

/** System users and the group they share (the agent's socket is open to it), by duty. */
export function instanceUsers(instance: string) {
  return {
    group: `bulkhead-${instance}`,
    database: `bulkhead-db-${instance}`,
    web: `bulkhead-web-${instance}`,
    collector: `bulkhead-collector-${instance}`,
  } as const;
}

/** Every path of an instance. Runtime state is below /run (a socket path has 108 bytes), durable state below the state directory. */
export function instancePaths(stateDirectory: string, instance: string) {
  const run = `/run/bulkhead/${instance}`;
  return {
    state: stateDirectory,
    instanceFile: `${stateDirectory}/instance.json`,
    policyFile: `/etc/bulkhead/${instance}/policy.json`,
    /** Configurations of the host's cgroups that are applied after each boot, NAME.conf. */
    cgroupConfigs: `/etc/bulkhead/${instance}/cgconfig.d`,
    run,
    /** Versions of the program, each below its own id: made once, then never changed; removed when nobody runs them. */
    programs: `${stateDirectory}/programs`,
    /** The same, mounted read-only: services run from there. */
    programMounts: `${run}/programs`,
    /** One JSON file a service (ServiceConfig), readable by its user alone. */
    config: (service: (typeof serviceNames)[number]) => `${run}/config/${service}.json`,
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

/**
 * Node's options for the launcher. Small, for it stays as long as any container does: optimising compilers and threads
 * for them would add some 15 MB and save a tenth of its time.
 */
export const launcherNodeOptions = ['--single-threaded', '--v8-pool-size=0', '--max-semi-space-size=1', '--no-opt', '--no-maglev'] as const;

/** Path of our cgroup below each hierarchy's mount point; `delegated` is the group we were handed to make it in, where there is one. */
export const cgroupRoot = (instance: string, delegated = ''): string => `${delegated === '' ? '' : `${delegated}/`}bulkhead-${instance}`;

/** On a host that systemd runs with one v2 tree: the scope of an instance, below the mount point. systemd leaves what is below it alone. */
export const delegatedScope = (instance: string): string => `system.slice/bulkhead-${instance}.scope`;
