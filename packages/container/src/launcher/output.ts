import {
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  type Fd,
  fchownat,
  hasErrno,
  mkfifoat,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_RDONLY,
  O_RDWR,
  openat,
  poll,
  read,
} from '@bulkhead/kernel';
import { LogFile } from './log-file.ts';
import type { OutputPlan } from './protocol.ts';

type StreamName = 'stdout' | 'stderr';

const buffer = Buffer.alloc(65_536);
/** Reads a turn of the event loop may take from one stream, so that a flood in one container delays no other. */
const readsPerTurn = 4;

/**
 * The output of one process on its way into its log file. Its FIFOs are held open for reading and writing by the
 * process itself: no death of a reader gives it SIGPIPE, and a new launcher finds them by path.
 */
export class Output implements Disposable {
  readonly plan: OutputPlan;
  readonly #log: LogFile;
  readonly #sources = new Map<StreamName, Fd>();

  constructor(plan: OutputPlan) {
    this.plan = plan;
    this.#log = new LogFile(plan.logFile, plan.logMaxBytes);
  }

  get droppedBytes(): number {
    return this.#log.droppedBytes;
  }

  /** Sources that an execve of the launcher takes along. */
  get sources(): ReadonlyMap<StreamName, Fd> {
    return this.#sources;
  }

  /**
   * Makes the FIFOs, owned by the user inside (an `echo > /dev/stdout` opens them again), and opens the process's ends.
   *
   * @param owner host uid and gid of the user inside
   */
  makePipes(owner: { uid: number; gid: number }): { stdout: Fd; stderr: Fd } {
    const open = (stream: StreamName): Fd => {
      const path = `${this.plan.directory}/${stream}`;
      mkfifoat(AT_FDCWD, path, 0o600);
      fchownat(AT_FDCWD, path, owner.uid, owner.gid, AT_SYMLINK_NOFOLLOW);
      return openat(AT_FDCWD, path, O_RDWR | O_NOFOLLOW);
    };
    return { stdout: open('stdout'), stderr: open('stderr') };
  }

  /** Begins to drain the FIFOs, by path. Those that nobody made are skipped. */
  drainPipes(): void {
    for (const stream of ['stdout', 'stderr'] as const) {
      try {
        this.drain(stream, openat(AT_FDCWD, `${this.plan.directory}/${stream}`, O_RDONLY | O_NONBLOCK | O_NOFOLLOW));
      } catch (failure) {
        if (!hasErrno(failure, 'ENOENT')) throw failure;
      }
    }
  }

  /** Begins to drain one descriptor, which must not block, until its end. */
  drain(stream: StreamName, source: Fd): void {
    this.#sources.set(stream, source);
    poll(source, { readable: true, disconnect: true }, () => this.#take(stream, source, readsPerTurn));
  }

  #take(stream: StreamName, source: Fd, reads: number): void {
    for (let turn = 0; turn < reads && !source.closed; turn += 1) {
      let count: number | undefined;
      try {
        count = read(source, buffer);
      } catch (failure) {
        // The end of a terminal is EIO.
        if (!hasErrno(failure, 'EIO')) throw failure;
        count = 0;
      }
      if (count === undefined) return;
      if (count === 0) {
        this.#sources.delete(stream);
        source[Symbol.dispose]();
        return;
      }
      this.#log.append(stream, buffer.subarray(0, count), new Date());
    }
  }

  /** Takes everything that is in the pipes now: the process has ended, and its last words come before its status. */
  takeRest(): void {
    for (const [stream, source] of [...this.#sources]) this.#take(stream, source, Number.POSITIVE_INFINITY);
  }

  [Symbol.dispose](): void {
    for (const source of this.#sources.values()) source[Symbol.dispose]();
    this.#sources.clear();
    this.#log[Symbol.dispose]();
  }
}
