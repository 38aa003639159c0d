import { readFileSync } from 'node:fs';
import { hasErrno, openTaskRecords, PerfRing, poll, type TaskRecord } from '@bulkhead/kernel';

/** Room for some 900 short processes a CPU between two looks. */
const ringPages = 64;

/** `0-3,5` of /sys/devices/system/cpu/online. */
export function parseCpuList(text: string): number[] {
  const cpus: number[] = [];
  for (const range of text.trim().split(',')) {
    const [first = Number.NaN, last = first] = range.split('-').map(Number);
    for (let cpu = first; cpu <= last; cpu += 1) cpus.push(cpu);
  }
  return cpus;
}

/** What tells of tasks. */
export interface TaskSource extends Disposable {
  /** Calls back once when there is something; what follows waits until this is called again. */
  listen(): void;
  /** Everything that waits. */
  drain(): TaskRecord[];
}

/**
 * Hears of every fork, exec, exit, unshare and setns of the host as it happens, by the side-band records of
 * perf_event_open(2), one ring a CPU. Costs nothing while nothing happens.
 */
export class TaskWatch implements TaskSource {
  readonly #rings: PerfRing[] = [];
  readonly #onWake: () => void;
  #watches: Disposable[] = [];

  /** @throws SyscallError EPERM or EACCES without CAP_PERFMON, ENOENT or ENOSYS in a kernel without it */
  constructor(onWake: () => void) {
    this.#onWake = onWake;
    using undo = new DisposableStack();
    for (const cpu of parseCpuList(readFileSync('/sys/devices/system/cpu/online', 'utf8'))) {
      try {
        using fd = new DisposableStack();
        const opened = fd.use(openTaskRecords(cpu));
        this.#rings.push(undo.use(new PerfRing(opened, ringPages)));
        fd.move();
      } catch (failure) {
        // It went offline meanwhile: nothing runs there.
        if (!hasErrno(failure, 'ENODEV')) throw failure;
      }
    }
    undo.move();
    this.listen();
  }

  /** Calls back once when there is something; what follows waits in the rings until this is called again. */
  listen(): void {
    if (this.#watches.length > 0) return;
    this.#watches = this.#rings.map(({ fd }) =>
      poll(fd, { readable: true }, () => {
        this.#deafen();
        this.#onWake();
      }),
    );
  }

  #deafen(): void {
    for (const watch of this.#watches) watch[Symbol.dispose]();
    this.#watches = [];
  }

  /** Everything that waits; in order for each CPU, not between them. */
  drain(): TaskRecord[] {
    return this.#rings.flatMap((ring) => ring.drain());
  }

  [Symbol.dispose](): void {
    this.#deafen();
    for (const ring of this.#rings) ring[Symbol.dispose]();
    this.#rings.length = 0;
  }
}
