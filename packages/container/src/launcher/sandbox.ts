import {
  AT_FDCWD,
  F_SETFL,
  type Fd,
  fcntl,
  hasErrno,
  O_NONBLOCK,
  O_RDWR,
  pidfd_send_signal,
  SIGKILL,
  SOCK_SEQPACKET,
  socketpair,
  WEXITED,
  waitPid,
  writeFileAt,
} from '@bulkhead/kernel';
import { cloneFlags, type Entry, runContainer } from '../init/container.ts';
import { forkChild } from '../init/fork.ts';
import { sendWord } from './channel.ts';
import type { SandboxPlan } from './protocol.ts';

/** A forked child in its namespaces that is, or will soon be, ready to become a container. */
export interface Sandbox {
  pid: number;
  pidfd: Fd;
  report: Fd;
}

/** Forks a sandbox, maps its ids and lets it lay out its root; it then waits for its assignment. */
export function forkSandbox(plan: SandboxPlan, entry: Entry): Sandbox {
  const [mine, theirs] = socketpair(SOCK_SEQPACKET, 'report');
  using stack = new DisposableStack();
  stack.use(mine);
  using closing = theirs;
  fcntl(mine, F_SETFL, O_RDWR | O_NONBLOCK);
  const into = entry.kind === 'into' ? entry.directory : undefined;
  const { pid, pidfd } = forkChild(cloneFlags(plan.namespaces, entry.kind), into, closing, [], (child) =>
    runContainer(child, plan, entry.kind),
  );
  const sandbox = { pid, pidfd, report: mine };
  try {
    const map = `0 ${plan.ids.hostId} ${plan.ids.size}`;
    writeFileAt(AT_FDCWD, `/proc/${pid}/gid_map`, map);
    writeFileAt(AT_FDCWD, `/proc/${pid}/uid_map`, map);
  } catch (failure) {
    endSandbox(sandbox);
    throw failure;
  }
  // A child that has failed already says so itself over the same channel.
  sendWord(mine, 'mapped');
  stack.move();
  return sandbox;
}

/** Ends and reaps a sandbox that nobody wants. */
export function endSandbox(sandbox: Sandbox): void {
  try {
    pidfd_send_signal(sandbox.pidfd, SIGKILL);
  } catch (failure) {
    if (!hasErrno(failure, 'ESRCH')) throw failure;
  }
  waitPid(sandbox.pid, WEXITED);
  sandbox.pidfd[Symbol.dispose]();
  sandbox.report[Symbol.dispose]();
}

/** Sandboxes kept at most; the one that waited longest goes first. */
const maxPrepared = 8;

/** Sandboxes forked ahead of need, by the plan they were made from. */
export class SandboxPool {
  readonly #waiting: { key: string; sandbox: Sandbox }[] = [];

  static key(plan: SandboxPlan): string {
    return JSON.stringify(plan);
  }

  /** On v1 only: on v2 a container is born in its cgroup, which is not known ahead. */
  prepare(plan: SandboxPlan): Sandbox {
    const sandbox = forkSandbox(plan, { kind: 'tasks', files: [] });
    this.#waiting.push({ key: SandboxPool.key(plan), sandbox });
    if (this.#waiting.length > maxPrepared) {
      const oldest = this.#waiting.shift();
      if (oldest !== undefined) endSandbox(oldest.sandbox);
    }
    return sandbox;
  }

  take(plan: SandboxPlan): Sandbox | undefined {
    const key = SandboxPool.key(plan);
    const index = this.#waiting.findIndex((one) => one.key === key);
    return index === -1 ? undefined : this.#waiting.splice(index, 1)[0]?.sandbox;
  }

  clear(): void {
    for (const one of this.#waiting.splice(0)) endSandbox(one.sandbox);
  }
}
