import type { ContainerStatus, DoctorState, LabKind, NamespaceType, Runtime } from '@bulkhead/model';

/**
 * Values that an address may hold, spelt out: what checks them on the server is ten times the size of a page. Each list
 * has every value of its type; that is for the compiler to hold.
 */
const all =
  <T extends string>() =>
  <const L extends readonly T[]>(list: [T] extends [L[number]] ? L : never): L =>
    list;

export const namespaceTypes = all<NamespaceType>()(['pid', 'network', 'mount', 'ipc', 'uts', 'cgroup', 'user', 'time']);
export const containerStatuses = all<ContainerStatus>()(['running', 'stopped', 'created', 'creating']);
export const labKinds = all<LabKind>()(['shares', 'quota', 'memory', 'pids', 'io', 'freeze', 'account']);
export const doctorStates = all<DoctorState>()(['good', 'attention', 'bad', 'unknown']);
/** Our own first, then containers, then the rest: the order in which they are drawn and offered. */
export const runtimes = all<Runtime>()([
  'bulkhead',
  'docker',
  'containerd',
  'cri-o',
  'podman',
  'lxc',
  'systemd-nspawn',
  'bubblewrap',
  'browser',
  'systemd',
  'plain',
  'kernel',
]);

/** The value itself where it is one of those known. */
export const known = <T extends string>(list: readonly T[], text: string | null | undefined): T | undefined =>
  list.find((value) => value === text);
