/** What /proc tells of namespaces and of the processes that hold them. Reads only; changes nothing. */
export { readBootId } from './boot-id.ts';
export { parseIdMap, readIdMap } from './id-map.ts';
export type { InventoryChanges } from './inventory/inventory.ts';
export { type TaskSource, TaskWatch } from './inventory/task-watch.ts';
export { NamespaceTracker, type TrackerOptions } from './inventory/tracker.ts';
export { openHostIterator } from './inventory/ways.ts';
export { type CgroupMaker, makerOfPath, type OwnInstance } from './maker/cgroup-maker.ts';
export { ContainerNames, type NameDirectories, usualDirectories } from './maker/container-names.ts';
export { readNamespaces } from './namespaces.ts';
export { processIdentity, sameProcess } from './process-identity.ts';
export { readNamespacePids } from './process-status.ts';
