// The pids controller has the same files on both versions.
export { pidsFiles, readPidsLimits, setPids } from '../v1/pids.ts';
