import { AT_FDCWD, type Fd, hasErrno, O_NONBLOCK, O_RDONLY, openat, poll, read } from '@bulkhead/kernel';
import { isKernels, type KernelNews, type OomVictim, parseKernelMessage, parseKernelRecord } from './kernel-log-line.ts';

/** Kills remembered until somebody asks for their victims. */
const mostVictims = 512;
/** Records taken in one go; the rest waits for the next turn of the event loop. */
const mostRecords = 512;

const buffer = Buffer.allocUnsafeSlow(8192);

/**
 * The kernel's own log, as far as it speaks of cgroups: whom the OOM killer chose, and the first refused fork of a group.
 * It is read from its beginning, so that what happened while nobody looked is known as far back as the kernel keeps it.
 */
export class KernelLog implements Disposable {
  readonly #fd: Fd | undefined;
  readonly #victims: OomVictim[] = [];
  readonly #onNews: (news: KernelNews) => void;
  /** Why it cannot be read, where that is so. */
  readonly unreadable: string | undefined;
  #lost = false;

  constructor(onNews: (news: KernelNews) => void, path = '/dev/kmsg') {
    this.#onNews = onNews;
    try {
      this.#fd = openat(AT_FDCWD, path, O_RDONLY | O_NONBLOCK);
      // The past first, untold: who looks for victims finds them.
      this.#take(Number.POSITIVE_INFINITY, () => undefined);
      poll(this.#fd, { readable: true }, () => this.#take(mostRecords, this.#onNews));
    } catch (failure) {
      this.#fd?.[Symbol.dispose]();
      this.#fd = undefined;
      if (!(failure instanceof Error)) throw failure;
      this.unreadable = failure.message;
    }
  }

  /** Takes what was logged up to now, without waiting for the event loop. */
  drain(): void {
    this.#take(mostRecords, this.#onNews);
  }

  #take(most: number, onNews: (news: KernelNews) => void): void {
    if (this.#fd === undefined || this.#fd.closed) return;
    for (let left = most; left > 0; left -= 1) {
      let count: number | undefined;
      try {
        count = read(this.#fd, buffer);
      } catch (failure) {
        // Overwritten before it was read: the next read goes on with what there is.
        if (!hasErrno(failure, 'EPIPE', 'EINVAL')) throw failure;
        this.#lost = true;
        continue;
      }
      if (count === undefined || count === 0) return;
      const record = parseKernelRecord(buffer.toString('utf8', 0, count));
      if (record === undefined || !isKernels(record.priority)) continue;
      const news = parseKernelMessage(record.message);
      if (news === undefined) continue;
      if (news.kind === 'oom-kill') {
        this.#victims.push(news);
        if (this.#victims.length > mostVictims) this.#victims.shift();
      }
      onNews(news);
    }
  }

  /** Whether records were overwritten unread since the last time this was asked: then anything may have happened. */
  takeLost(): boolean {
    const lost = this.#lost;
    this.#lost = false;
    return lost;
  }

  /**
   * Victims in a group and below it, oldest first, each told once. The kernel writes some ten of them in five seconds:
   * where it kills more, they stay unknown.
   *
   * @param path with a slash before it
   */
  takeVictims(path: string, most: number): OomVictim[] {
    const taken: OomVictim[] = [];
    for (let index = 0; index < this.#victims.length && taken.length < most; ) {
      const victim = this.#victims[index] as OomVictim;
      if (victim.victimPath === path || victim.victimPath.startsWith(path === '/' ? '/' : `${path}/`)) {
        taken.push(victim);
        this.#victims.splice(index, 1);
      } else index += 1;
    }
    return taken;
  }

  [Symbol.dispose](): void {
    this.#fd?.[Symbol.dispose]();
  }
}
