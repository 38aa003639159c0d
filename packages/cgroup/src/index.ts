/** Control groups, versions 1 and 2 behind one vocabulary (cgroup-v2.rst's). */
export { detectCgroups } from './detect.ts';
export { FormatError } from './formats.ts';
export * from './types.ts';
