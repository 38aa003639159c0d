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
import type { SandboxLayout, SandboxPlan } from './protocol.ts';

/** How a child enters its cgroups. */
export type Entry = { kind: 'tasks'; files: readonly Fd[] } | { kind: 'into'; directory: Fd };

/** How a sandbox is laid out, and the lists that do it: made when it is first used, whatever its ids. */
export class Layout {
  readonly plan: SandboxLayout;
  #sandbox: CompiledList | undefined;
  #wait: CompiledList | undefined;

  constructor(plan: SandboxLayout) {
    this.plan = plan;
  }

  get sandbox(): CompiledList {
    this.#sandbox ??= compileSandbox(this.plan);
    return this.#sandbox;
  }

  /** What a sandbox that is ahead of need does next. */
  get wait(): CompiledList {
    this.#wait ??= compileWait(this.sandbox.end);
    return this.#wait;
  }
}

/** A sandbox as its launcher makes it. */
export interface WantedSandbox {
  layout: Layout;
  ids: SandboxPlan['ids'];
}

/**
 * Forks a sandbox and maps its ids; it lays out its root and goes on with what follows.
 *
 * @param slot has room for all of its lists; the sandbox's from now on, also where this fails
 * @param next what it goes through then
 * @param kept descriptors that it inherits
 */
export function forkSandbox(
  slot: Slot,
  { layout, ids }: WantedSandbox,
  next: CompiledList,
  given: { entry: Entry; kept: readonly Fd[] },
): Child {
  const { entry, kept } = given;
  slot.put(wordOffsets.onward, slot.address + next.origin);
  const child = Child.fork(slot, [layout.sandbox, next], {
    flags: cloneFlags(layout.plan.namespaces, entry.kind),
    cgroup: entry.kind === 'into' ? entry.directory : undefined,
    kept,
  });
  try {
    const map = `0 ${ids.hostId} ${ids.size}`;
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

/** Sandboxes forked ahead of need. */
export class SandboxPool {
  readonly #waiting: { wanted: WantedSandbox; sandbox: Child }[] = [];

  /** On v1, where a sandbox joins its cgroups when it becomes a container. */
  prepare(wanted: WantedSandbox): Child {
    const sandbox = forkSandbox(new Slot(), wanted, wanted.layout.wait, { entry: { kind: 'tasks', files: [] }, kept: [] });
    this.#waiting.push({ wanted, sandbox });
    if (this.#waiting.length > maxPrepared) {
      const oldest = this.#waiting.shift();
      if (oldest !== undefined) endChild(oldest.sandbox);
    }
    return sandbox;
  }

  take({ layout, ids }: WantedSandbox): Child | undefined {
    const index = this.#waiting.findIndex(
      ({ wanted }) => wanted.layout === layout && wanted.ids.hostId === ids.hostId && wanted.ids.size === ids.size,
    );
    return index === -1 ? undefined : this.#waiting.splice(index, 1)[0]?.sandbox;
  }

  clear(): void {
    for (const one of this.#waiting.splice(0)) endChild(one.sandbox);
  }
}
