import { hasErrno } from '@bulkhead/kernel';
import { Problem } from '@bulkhead/model';
import type { Hierarchy } from '../hierarchy.ts';

/** What containers may open: admin-guide/devices.txt. Opening is what counts, mknod is forbidden to a user namespace anyway. */
export const allowedDevices = [
  'c 1:3 rw', // null
  'c 1:5 rw', // zero
  'c 1:7 rw', // full
  'c 1:8 rw', // random
  'c 1:9 rw', // urandom
  'c 5:0 rw', // tty
  'c 5:1 rw', // console
  'c 5:2 rw', // ptmx
  'c 136:* rw', // pts
] as const;

/** The kernel changes "all devices" only of a group that never had one below; a removed one counts until it is freed. */
const remedy = 'Restrict the devices of a group before anything is made below it.';

/**
 * Denies every device, then allows the few (admin-guide/cgroup-v1/devices.rst). Groups made below afterwards have the
 * rules from their birth. Where some are below already and nothing runs in them, the directories are made anew, which
 * costs a removal each: call this before they are made.
 */
export function restrictDevices(devices: Hierarchy, path: string): void {
  const below = devices.subtree(path).slice(0, -1).toReversed();
  if (below.length === 0) {
    writeRules(devices, path);
    return;
  }
  // Made anew, a directory shared with another controller would lose that one's limits.
  const busy = devices.controllers.size > 1 ? path : devices.removeSubtree(path);
  if (busy !== undefined) {
    for (const each of [path, ...below]) devices.makeOne(each);
    throw new Problem('conflict', `devices of ${path} cannot be restricted any more: ${busy} is in use`, { remedy });
  }
  devices.makeOne(path);
  writeRules(devices, path);
  for (const each of below) devices.makeOne(each);
}

function writeRules(devices: Hierarchy, path: string): void {
  try {
    devices.write(path, 'devices.deny', 'a');
    for (const line of allowedDevices) devices.write(path, 'devices.allow', line);
  } catch (failure) {
    if (!hasErrno(failure, 'EINVAL')) throw failure;
    throw new Problem('conflict', `the kernel refuses to restrict the devices of ${path}`, { cause: failure, remedy });
  }
}
