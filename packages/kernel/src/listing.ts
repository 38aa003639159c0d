import koffi from 'koffi';
import { commonSyscalls } from './arch.ts';
import { LSMT_ROOT } from './constants.ts';
import { SyscallError } from './error.ts';
import { layouts, pack } from './layout.ts';
import { declare } from './library.ts';

const cList = declare<(n: number, request: Buffer, ids: BigUint64Array, count: number, flags: number) => number>('syscall', 'long', [
  'long',
  'void *',
  'void *',
  'size_t',
  'long',
]);
/** struct mnt_id_req for all mounts of a mount namespace after one. */
export const listmountRequest = (mountNamespaceId: bigint, after: bigint): Buffer =>
  pack(layouts.mntIdReq, { size: layouts.mntIdReq.size, mnt_id: LSMT_ROOT, param: after, mnt_ns_id: mountNamespaceId });

/**
 * listmount(2): ids of the mounts of a mount namespace, from its root down, that come after one. Linux 6.11 for another
 * namespace than ours. It is a look, not recorded.
 *
 * @param flags LISTMOUNT_REVERSE: the last first
 * @returns how many were written, or a negative errno: ENOENT where the namespace is gone, ENOSYS before Linux 6.8
 */
export function listmount(mountNamespaceId: bigint, after: bigint, ids: BigUint64Array, flags = 0): number {
  const count = cList(commonSyscalls.listmount, listmountRequest(mountNamespaceId, after), ids, ids.length, flags);
  return count >= 0 ? count : -koffi.errno();
}

/** struct ns_id_req for namespaces of the types in a mask of CLONE_NEW* flags (0: all) after one, whoever owns them. */
export const listnsRequest = (after: bigint, types: bigint): Buffer =>
  pack(layouts.nsIdReq, { size: layouts.nsIdReq.size, ns_id: after, ns_type: types });

/**
 * listns(2): ids of the namespaces that we may see, in ascending order, that come after one (0: from the beginning).
 * Linux 6.19.
 *
 * @throws SyscallError ENOSYS before
 */
export function listns(after: bigint, types: bigint, ids: BigUint64Array): number {
  const count = cList(commonSyscalls.listns, listnsRequest(after, types), ids, ids.length, 0);
  if (count < 0) throw new SyscallError('listns', koffi.errno(), `after ${after}`);
  return count;
}
