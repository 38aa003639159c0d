import { type Fd, pidfd_open, pidfdExitStatus, poll } from '@bulkhead/kernel';
import type { ContainerId, ExitStatus } from '@bulkhead/model';
import { sameProcess } from '@bulkhead/namespace';
import { readExitRecord, type StoredContainer } from './state-file.ts';
import type { ContainerStore } from './store.ts';

const nobodyKnows = (reason: string): ExitStatus => ({ kind: 'unknown', reason });

/**
 * Watches first processes by the agent's own pidfds while there is no launcher, so that an end in that time is still
 * known where the kernel tells it (PIDFD_GET_INFO, Linux 6.15).
 */
export class ExitWatch {
  readonly #store: ContainerStore;
  readonly #onExit: (id: ContainerId, exitStatus: ExitStatus) => void;
  readonly #watches = new Map<ContainerId, Disposable>();

  constructor(store: ContainerStore, onExit: (id: ContainerId, exitStatus: ExitStatus) => void) {
    this.#store = store;
    this.#onExit = onExit;
  }

  begin(): void {
    for (const { container } of this.#store.all()) {
      const pidfd = this.#store.held(container.id).pidfd;
      if (container.status === 'stopped' || pidfd === undefined || pidfd.closed || this.#watches.has(container.id)) continue;
      this.#watches.set(
        container.id,
        poll(pidfd, { readable: true, disconnect: true }, () => {
          this.#stop(container.id);
          // Init reaps it in its own time; until then the kernel keeps the status back.
          this.#ask(container.id, pidfd, 50);
        }),
      );
    }
  }

  #ask(id: ContainerId, pidfd: Fd, triesLeft: number): void {
    if (pidfd.closed) return;
    const found = pidfdExitStatus(pidfd);
    if (found !== undefined) this.#onExit(id, found);
    else if (triesLeft === 0) this.#onExit(id, nobodyKnows('it ended while the launcher was gone, and this kernel does not tell'));
    else setTimeout(() => this.#ask(id, pidfd, triesLeft - 1), 20);
  }

  #stop(id: ContainerId): void {
    this.#watches.get(id)?.[Symbol.dispose]();
    this.#watches.delete(id);
  }

  end(): void {
    for (const id of [...this.#watches.keys()]) this.#stop(id);
  }
}

/** How a process ended that no launcher holds any more, or undefined where it still runs. */
export function findExit(directory: string, state: StoredContainer): ExitStatus | undefined {
  const recorded = readExitRecord(directory);
  if (recorded !== undefined) return recorded.exitStatus;
  if (state.process !== undefined && sameProcess(state.process)) return undefined;
  return nobodyKnows('it ended while neither launcher nor agent watched');
}

/** Opens a pidfd and proves that it is the process meant: a pid alone may be another's by now. */
export function openProcess(state: StoredContainer): Fd | undefined {
  if (state.process === undefined) return undefined;
  try {
    const pidfd = pidfd_open(state.process.pid);
    if (sameProcess(state.process)) return pidfd;
    pidfd[Symbol.dispose]();
  } catch {
    // It is gone: findExit says what became of it.
  }
  return undefined;
}
