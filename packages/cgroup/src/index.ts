/** Control groups, versions 1 and 2 behind one vocabulary (cgroup-v2.rst's). */
export { detectCgroups } from './detect.ts';
export { FormatError } from './formats.ts';
export { type CgroupFacts, readFacts } from './tree/facts.ts';
export { readFiles } from './tree/files.ts';
export { type Hierarchies, openHierarchies } from './tree/hierarchies.ts';
export { type Walked, walkTree } from './tree/walk.ts';
export * from './types.ts';
