import koffi from 'koffi';
import { MAP_ANONYMOUS, PROT_READ, PROT_WRITE } from '../constants.ts';
import { SyscallError } from '../error.ts';
import { declare } from '../library.ts';

const cMmap = declare<(address: null, length: number, protection: number, flags: number, fd: number, offset: number) => unknown>(
  'mmap',
  'void *',
  ['void *', 'size_t', 'int', 'int', 'int', 'long'],
);
const cMunmap = declare<(address: number, length: number) => number>('munmap', 'int', ['uintptr_t', 'size_t']);
const cMprotect = declare<(address: number, length: number, protection: number) => number>('mprotect', 'int', [
  'uintptr_t',
  'size_t',
  'int',
]);
const cMadvise = declare<(address: number, length: number, advice: number) => number>('madvise', 'int', ['uintptr_t', 'size_t', 'int']);

export const pageBytes = 4096;
const mapFailed = 0xffff_ffff_ffff_ffffn;

/** Memory of ours that no garbage collector moves. */
export interface Mapping {
  readonly address: number;
  readonly size: number;
  readonly bytes: Buffer;
}

/** mmap(2), MAP_ANONYMOUS, readable and writable. @param sharing MAP_PRIVATE, or MAP_SHARED with children */
export function mapAnonymous(size: number, sharing: number): Mapping {
  const pointer = cMmap(null, size, PROT_READ | PROT_WRITE, sharing | MAP_ANONYMOUS, -1, 0);
  const address = koffi.address(pointer);
  if (address === mapFailed) throw new SyscallError('mmap', koffi.errno(), String(size));
  return { address: Number(address), size, bytes: Buffer.from(koffi.view(pointer, size)) };
}

/** munmap(2). Nobody may use the bytes afterwards. */
export function unmap({ address, size }: Mapping): void {
  if (cMunmap(address, size) < 0) throw new SyscallError('munmap', koffi.errno(), String(size));
}

/** mprotect(2). */
export function protect({ address, size }: Mapping, protection: number): void {
  if (cMprotect(address, size, protection) < 0) throw new SyscallError('mprotect', koffi.errno(), String(protection));
}

/** madvise(2). Answers -1 where a part of the range is not mapped, having advised on the rest: that is none of a failure here. */
export function advise(address: number, size: number, advice: number): void {
  cMadvise(address, size, advice);
}
