import { hasErrno, listns, SyscallError } from '@bulkhead/kernel';
import { expect, it } from 'vitest';
import { HiddenNamespaces } from './hidden-namespaces.ts';

/** A kernel with that many namespaces, numbered from 1. */
const kernelWith = (count: number) => (after: bigint, _types: bigint, ids: BigUint64Array) => {
  const found = Math.min(ids.length, count - Number(after));
  for (let index = 0; index < found; index += 1) ids[index] = after + BigInt(index + 1);
  return found;
};

it.each([0, 1, 3, 4, 5, 8, 17])('counts %i namespaces page by page', (count) => {
  expect(new HiddenNamespaces(kernelWith(count), 4).count()).toBe(count);
});

it('asks a kernel without listns(2) once, and says that it does not know', () => {
  let asked = 0;
  const hidden = new HiddenNamespaces(() => {
    asked += 1;
    throw new SyscallError('listns', 38, '');
  });
  expect([hidden.count(), hidden.count()]).toEqual([undefined, undefined]);
  expect(asked).toBe(1);
});

it('has from this kernel either a list that ascends, or that it has none', () => {
  const ids = new BigUint64Array(64);
  try {
    const count = listns(0n, 0n, ids);
    expect(count).toBeGreaterThan(0);
    expect([...ids.subarray(0, count)]).toEqual([...ids.subarray(0, count)].toSorted((one, other) => (one < other ? -1 : 1)));
  } catch (failure) {
    expect(hasErrno(failure, 'ENOSYS')).toBe(true);
  }
});
