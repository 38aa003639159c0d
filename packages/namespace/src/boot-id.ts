import { readFileSync } from 'node:fs';
import type { BootId } from '@bulkhead/model';

let known: BootId | undefined;

/** Contents of /proc/sys/kernel/random/boot_id: drawn by the kernel at each boot. Read once, it cannot change under us. */
export function readBootId(): BootId {
  known ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return known;
}
