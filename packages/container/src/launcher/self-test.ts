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

/**
 * Proves to the launcher that it can do what it is for: fork a child that allocates and collects garbage (JavaScript in
 * a forked child is sound only without V8's threads), and fork one in new namespaces of every type.
 *
 * @throws Problem 'unsupported', one line that names the cause
 */
export function selfTest(): void {
  const heavy = forkAndWait(0n, () => {
    const kept: object[] = [];
    for (let index = 0; index < 200_000; index += 1) kept[index % 50_000] = { index };
    return kept.length === 50_000 ? soundCode : 1;
  });
  if (heavy !== `exited ${soundCode}`) {
    throw new Problem('unsupported', `a forked child of this Node (${process.version}) ended with ${heavy} instead of ${soundCode}`, {
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
