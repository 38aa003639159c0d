import type { Hierarchy } from '../hierarchy.ts';

/**
 * Nothing to write: v2 has no devices files, only a BPF hook. Containers live in user namespaces of their own, whose mounts
 * of device nodes are those bound in by us, and mknod of a device is forbidden there (user_namespaces(7)).
 */
export function restrictDevices(_tree: Hierarchy, _path: string): void {}
