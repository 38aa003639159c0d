import { fstatSync } from 'node:fs';
import koffi from 'koffi';
import { type Fd, numberOf, type PollHandle } from './fd.ts';

export interface Readiness {
  readable: boolean;
  writable: boolean;
  disconnect: boolean;
}

let drainPlanned = false;

/** koffi calls back outside of Node's own bookkeeping: promises resolved meanwhile would wait for the next unrelated callback. An immediate runs them in this very turn of the loop. */
function drainMicrotasks(): void {
  if (drainPlanned) return;
  drainPlanned = true;
  setImmediate(() => {
    drainPlanned = false;
  });
}

type NativePoll = (
  fd: number,
  options: { readable?: boolean; writable?: boolean; disconnect?: boolean },
  callback: (status: number, events: Readiness) => void,
) => PollHandle;

/**
 * Watches a descriptor on the event loop (uv_poll; pipes, sockets, terminals, pidfds, inotify, timerfds). koffi aborts
 * the process on a regular file, a directory or a second watch: both are refused here first.
 *
 * @returns stops the watch; also stopped when the descriptor is disposed
 */
export function poll(
  fd: Fd,
  interest: { readable?: boolean; writable?: boolean; disconnect?: boolean },
  onReady: (readiness: Readiness) => void,
): Disposable {
  const number = numberOf(fd);
  if (fd.polled) throw new Error(`${fd.label} is watched already`);
  if (!fd.pollable) {
    const kind = fstatSync(number);
    if (kind.isFile() || kind.isDirectory()) throw new Error(`${fd.label} is a file or directory: it cannot be watched`);
    fd.pollable = true;
  }
  // The shipped types lack the status argument.
  const handle = (koffi.node.poll as unknown as NativePoll)(number, interest, (status, events) => {
    // Before whatever the callback plans for afterwards: that finds promises resolved in the callback followed up.
    drainMicrotasks();
    try {
      onReady(status < 0 ? { readable: true, writable: false, disconnect: true } : events);
    } catch (failure) {
      // koffi swallows what a callback throws, and calls none afterwards: throw it where Node sees it.
      setImmediate(() => {
        throw failure;
      });
    }
  });
  fd.attachPoll(handle);
  return {
    [Symbol.dispose]() {
      if (!fd.polled) return;
      fd.attachPoll(undefined);
      handle.close();
    },
  };
}
