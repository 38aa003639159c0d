import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  type CompiledList,
  calls,
  errnoNumber,
  hasErrno,
  headBytes,
  layouts,
  namespaceTable,
  O_RDONLY,
  RESOLVE_NO_SYMLINKS,
  S_IFREG,
  Slot,
  SyscallList,
  WEXITED,
  waitPid,
} from '@bulkhead/kernel';
import { Problem } from '@bulkhead/model';
import { expectType } from '../init/file-type.ts';

const soundCode = 42;

/** A list that uses each thing that lists can do, and ends with a code that nothing else ends with. */
function compileProof(): CompiledList {
  const list = new SyscallList(headBytes);
  const absent = calls.openat2(
    list,
    AT_FDCWD,
    '/proc/self/nothing',
    { flags: O_RDONLY, resolve: RESOLVE_NO_SYMLINKS },
    // A link, or not there: both are in order here.
    { tolerate: [errnoNumber('ENOENT'), errnoNumber('ELOOP')] },
  );
  calls.exit(list, 1);
  list.land(absent);
  const found = list.room(layouts.statx.size);
  calls.statx(list, calls.openat(list, AT_FDCWD, '/proc/self/stat', O_RDONLY), '', { flags: AT_EMPTY_PATH, into: found });
  expectType(list, found, S_IFREG, {});
  const onward = list.jump();
  calls.exit(list, 1);
  list.land(onward);
  calls.exit(list, soundCode);
  return list.compile();
}

/** Forks a child that runs a list. @returns how it ended, where that is not as it should */
function proveFork(proof: CompiledList, flags: bigint): string | undefined {
  using slot = new Slot();
  proof.lay(slot);
  const { pid, pidfd } = slot.launch(proof.origin, undefined, flags);
  pidfd[Symbol.dispose]();
  const result = waitPid(pid, WEXITED);
  if (result?.kind === 'exited' && result.code === soundCode) return undefined;
  const failure = proof.failure(slot);
  if (failure !== undefined) return failure.message;
  if (result === undefined) return 'vanished';
  return result.kind === 'exited' ? `exited ${result.code}` : `signal ${result.signal}`;
}

/** Forks so many children that each run a list, one after the other. @returns how the failed ones ended */
export function exerciseForks(forks: number): string[] {
  const proof = compileProof();
  return Array.from({ length: forks }, () => proveFork(proof, 0n)).filter((failed) => failed !== undefined);
}

/**
 * Proves to the launcher that it can do what it is for: fork a child that runs a list of syscalls, and fork one in new
 * namespaces of every type.
 *
 * @throws Problem 'unsupported', one line that names the cause
 */
export function selfTest(): void {
  const proof = compileProof();
  const failed = proveFork(proof, 0n);
  if (failed !== undefined) {
    throw new Problem('unsupported', `a forked child of the launcher failed: ${failed}`, {
      remedy: 'report it with the version of the kernel and of the C library: uname -r, ldd --version',
    });
  }
  for (const row of namespaceTable) {
    try {
      const ended = proveFork(proof, row.flag);
      if (ended !== undefined) throw new Problem('unsupported', `a child in a new ${row.type} namespace failed: ${ended}`);
    } catch (failure) {
      if (!hasErrno(failure, 'EINVAL', 'EPERM', 'ENOSPC', 'EUSERS')) throw failure;
      if (row.type === 'time') continue;
      const code = (failure as NodeJS.ErrnoException).code;
      throw new Problem('unsupported', `this kernel refuses a new ${row.type} namespace (${code})`, {
        remedy: `check CONFIG_${row.type === 'network' ? 'NET' : row.type.toUpperCase()}_NS and /proc/sys/user/max_${row.procName}_namespaces`,
        cause: failure,
      });
    }
  }
}
