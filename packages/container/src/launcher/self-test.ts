import { _exit, blockSignals, CLONE_CLEAR_SIGHAND, clone3, hasErrno, namespaceTable, WEXITED, waitPid } from '@bulkhead/kernel';
import { Problem } from '@bulkhead/model';

const soundCode = 42;

function forkAndWait(flags: bigint, body: () => number): string {
  const signals = blockSignals();
  const { pid, pidfd } = clone3(flags | CLONE_CLEAR_SIGHAND);
  if (pid === 0) {
    try {
      _exit(body());
    } finally {
      _exit(1);
    }
  }
  signals.restore();
  pidfd?.[Symbol.dispose]();
  const result = waitPid(pid, WEXITED);
  if (result === undefined) return 'vanished';
  return result.kind === 'exited' ? `exited ${result.code}` : `signal ${result.signal}`;
}

/** A child that allocates and collects garbage. @returns how it ended, where that is not as it should */
function forkHeavyChild(objects: number): string | undefined {
  const found = forkAndWait(0n, () => {
    const kept: object[] = [];
    for (let index = 0; index < objects; index += 1) kept[index % 50_000] = { index };
    return kept.length === Math.min(objects, 50_000) ? soundCode : 1;
  });
  return found === `exited ${soundCode}` ? undefined : found;
}

/** Forks so many children that work on the heap they inherited, one after the other. @returns how the failed ones ended */
export function exerciseForks(forks: number): string[] {
  const failures: string[] = [];
  for (let fork = 0; fork < forks; fork += 1) {
    const failed = forkHeavyChild(2000);
    if (failed !== undefined) failures.push(failed);
  }
  return failures;
}

/**
 * Proves to the launcher that it can do what it is for: fork a child that allocates and collects garbage (JavaScript in
 * a forked child is sound only without V8's threads), and fork one in new namespaces of every type.
 *
 * @throws Problem 'unsupported', one line that names the cause
 */
export function selfTest(): void {
  const failed = forkHeavyChild(200_000);
  if (failed !== undefined) {
    throw new Problem('unsupported', `a forked child of this Node (${process.version}) ended with ${failed} instead of ${soundCode}`, {
      remedy: 'run the launcher with the Node that Bulkhead pins, with --single-threaded --v8-pool-size=0',
    });
  }
  for (const row of namespaceTable) {
    try {
      const found = forkAndWait(row.flag, () => soundCode);
      if (found !== `exited ${soundCode}`) throw new Problem('unsupported', `a child in a new ${row.type} namespace ended with ${found}`);
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
