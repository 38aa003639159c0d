/** Control groups, versions 1 and 2 behind one vocabulary (cgroup-v2.rst's). */
export { type BlockDevice, blockDevices } from './control/block-devices.ts';
export { HostCgroupControl } from './control/index.ts';
export { PreparedPlan } from './control/plan.ts';
export { membershipsOf, parseMemberships } from './control/processes.ts';
export * from './control/types.ts';
export { detectCgroups } from './detect.ts';
export { FormatError } from './formats.ts';
export { type CgroupFacts, readFacts, readProcessCount } from './tree/facts.ts';
export { readFiles } from './tree/files.ts';
export { type Hierarchies, openHierarchies } from './tree/hierarchies.ts';
export { type FedReading, type MeteredGroup, type PassReport, TreeMeter } from './tree/tree-meter.ts';
export { type PlacedGroup, TreeStructure } from './tree/tree-structure.ts';
export { toUse, type UseColumn, useColumns } from './tree/use-columns.ts';
export { type Walked, walkTree } from './tree/walk.ts';
export * from './types.ts';
export { isIoCounted } from './v1/io.ts';
