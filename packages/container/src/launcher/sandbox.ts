import {
  AT_FDCWD,
  type CompiledList,
  type Fd,
  hasErrno,
  pidfd_send_signal,
  SIGKILL,
  Slot,
  WEXITED,
  waitPid,
  writeFileAt,
} from '@bulkhead/kernel';
import { cloneFlags, compileSandbox, compileWait } from '../init/container.ts';
import { wordOffsets } from '../init/words.ts';
import { sendWord } from './channel.ts';
import { Child } from './child.ts';
import type { SandboxPlan } from './protocol.ts';

/** How a child enters its cgroups. */
export type Entry = { kind: 'tasks'; files: readonly Fd[] } | { kind: 'into'; directory: Fd };

/** Lists of the sandboxes of a plan, whatever their ids: made once. */
interface SandboxLists {
  sandbox: CompiledList;
  wait: CompiledList;
}

const compiled = new Map<string, SandboxLists>();
/** Plans differ by the host's template and the namespaces wanted: a handful. */
const maxCompiled = 16;

export function sandboxLists({ ids: _, ...plan }: SandboxPlan): SandboxLists {
  const key = JSON.stringify(plan);
  let lists = compiled.get(key);
  if (lists === undefined) {
    const sandbox = compileSandbox(plan);
    lists = { sandbox, wait: compileWait(sandbox.end) };
    if (compiled.size >= maxCompiled) compiled.clear();
    compiled.set(key, lists);
  }
  return lists;
}

/**
 * Forks a sandbox and maps its ids; it lays out its root and goes on with what follows.
 *
 * @param slot has room for all of its lists; the sandbox's from now on, also where this fails
 * @param next what it goes through then
 * @param kept descriptors that it inherits
 */
export function forkSandbox(slot: Slot, plan: SandboxPlan, next: CompiledList, given: { entry: Entry; kept: readonly Fd[] }): Child {
  const { entry, kept } = given;
  slot.put(wordOffsets.onward, slot.address + next.origin);
  const { sandbox } = sandboxLists(plan);
  const child = Child.fork(slot, [sandbox, next], {
    flags: cloneFlags(plan.namespaces, entry.kind),
    cgroup: entry.kind === 'into' ? entry.directory : undefined,
    kept,
  });
  try {
    const map = `0 ${plan.ids.hostId} ${plan.ids.size}`;
    writeFileAt(AT_FDCWD, `/proc/${child.pid}/gid_map`, map);
    writeFileAt(AT_FDCWD, `/proc/${child.pid}/uid_map`, map);
  } catch (failure) {
    endChild(child);
    throw failure;
  }
  // A child that has failed already says so itself over the same channel.
  sendWord(child.channel, 'mapped');
  return child;
}

/** Ends and reaps a child that nobody wants. */
export function endChild(child: Child): void {
  try {
    pidfd_send_signal(child.pidfd, SIGKILL);
  } catch (failure) {
    if (!hasErrno(failure, 'ESRCH')) throw failure;
  }
  waitPid(child.pid, WEXITED);
  child[Symbol.dispose]();
}

/** Sandboxes kept at most; the one that waited longest goes first. */
const maxPrepared = 8;

/** Sandboxes forked ahead of need, by the plan they were made from. */
export class SandboxPool {
  readonly #waiting: { key: string; sandbox: Child }[] = [];

  static key(plan: SandboxPlan): string {
    return JSON.stringify(plan);
  }

  /** On v1 only: on v2 a container is born in its cgroup, which is not known ahead. */
  prepare(plan: SandboxPlan): Child {
    const sandbox = forkSandbox(new Slot(), plan, sandboxLists(plan).wait, { entry: { kind: 'tasks', files: [] }, kept: [] });
    this.#waiting.push({ key: SandboxPool.key(plan), sandbox });
    if (this.#waiting.length > maxPrepared) {
      const oldest = this.#waiting.shift();
      if (oldest !== undefined) endChild(oldest.sandbox);
    }
    return sandbox;
  }

  take(plan: SandboxPlan): Child | undefined {
    if (this.#waiting.length === 0) return undefined;
    const key = SandboxPool.key(plan);
    const index = this.#waiting.findIndex((one) => one.key === key);
    return index === -1 ? undefined : this.#waiting.splice(index, 1)[0]?.sandbox;
  }

  clear(): void {
    for (const one of this.#waiting.splice(0)) endChild(one.sandbox);
  }
}
