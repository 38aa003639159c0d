import { O_CLOEXEC, O_NONBLOCK } from './constants.ts';
import { adopt, type Fd, numberOf } from './fd.ts';
import { read } from './file.ts';
import { declare, perform } from './library.ts';

const cInotifyInit1 = declare<(flags: number) => number>('inotify_init1', 'int', ['int']);
const cInotifyAddWatch = declare<(fd: number, path: string, mask: number) => number>('inotify_add_watch', 'int', [
  'int',
  'str',
  'uint32_t',
]);
const cInotifyRmWatch = declare<(fd: number, watch: number) => number>('inotify_rm_watch', 'int', ['int', 'int']);

/** One event (struct inotify_event). */
export interface InotifyEvent {
  /** The watch descriptor; -1 where the queue ran over (IN_Q_OVERFLOW). */
  watch: number;
  mask: number;
  /** Name below the directory that is watched; empty for the directory itself. */
  name: string;
}

/** inotify_init1(2), non-blocking. IN_CLOEXEC is always added. */
export function inotify_init1(): Fd {
  // IN_CLOEXEC and IN_NONBLOCK are the flags of open(2).
  return adopt(
    perform('inotify_init1', [], () => cInotifyInit1(O_CLOEXEC | O_NONBLOCK)),
    'inotify',
  );
}

/** inotify_add_watch(2). @returns the watch descriptor */
export function inotify_add_watch(fd: Fd, path: string, mask: number): number {
  return perform('inotify_add_watch', [fd, path, mask], () => cInotifyAddWatch(numberOf(fd), path, mask));
}

/** inotify_rm_watch(2). */
export function inotify_rm_watch(fd: Fd, watch: number): void {
  perform('inotify_rm_watch', [fd, watch], () => cInotifyRmWatch(numberOf(fd), watch));
}

const headerBytes = 16;
// One for all: reading is synchronous, nothing of it survives the call.
const buffer = Buffer.allocUnsafeSlow(65_536);

/** Takes the events that wait, up to a buffer full. @returns none where none wait */
export function readInotify(fd: Fd): InotifyEvent[] {
  const count = read(fd, buffer) ?? 0;
  const events: InotifyEvent[] = [];
  for (let at = 0; at + headerBytes <= count; ) {
    const length = buffer.readUInt32LE(at + 12);
    const nameAt = at + headerBytes;
    const end = buffer.indexOf(0, nameAt);
    const nameEnd = end < 0 || end > nameAt + length ? nameAt + length : end;
    events.push({ watch: buffer.readInt32LE(at), mask: buffer.readUInt32LE(at + 4), name: buffer.toString('utf8', nameAt, nameEnd) });
    at = nameAt + length;
  }
  return events;
}
