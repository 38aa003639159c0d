import { type Call, type CallOptions, errnoNumber, layouts, type Place, S_IFMT, type SyscallList } from '@bulkhead/kernel';

const EINVAL = errnoNumber('EINVAL');

/** Goes on only where what statx(2) has found is of a type (S_IFMT of inode(7)); else EINVAL. */
export function expectType(
  list: SyscallList,
  found: Place,
  type: number,
  options: Pick<Partial<CallOptions>, 'tolerate' | 'failure'>,
): Call {
  // The mode's 16 bits are the third quarter of the 64-bit word around it.
  const word = found.plus(layouts.statx.fields.stx_mode[0] - 4);
  return list.compare(word, S_IFMT * 2 ** 32, type * 2 ** 32, EINVAL, options);
}
