import { type CompiledList, calls, type Fd, SyscallList } from '@bulkhead/kernel';
import { channel } from './words.ts';

/** Exit code of a child that could not become its program; never seen by users, its report says why. */
export const childFailedCode = 125;
/** A report of failure: the record and its errno, 8 bytes each. */
export const failureBytes = 16;

/** Where a child begins, and where it goes on when a call fails. */
export interface Prologue {
  list: CompiledList;
  first: number;
  onFailure: number;
}

/**
 * What every child does first: it closes what is not its own. And last, when a call has failed: it tells which and why,
 * and ends.
 *
 * @param kept descriptors that it inherits
 * @param next list to go on with
 */
export function compilePrologue(origin: number, kept: readonly Fd[], next: CompiledList): Prologue {
  const list = new SyscallList(origin);
  calls.closeOthers(list, kept);
  list.jump(SyscallList.beginning(next));
  const onFailure = list.nextOffset;
  calls.send(list, channel, SyscallList.failed, failureBytes, { ignoreFailure: true });
  calls.exit(list, childFailedCode);
  return { list: list.compile(), first: origin, onFailure };
}
