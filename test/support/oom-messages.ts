import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** The kernel tells of ten kills in five seconds in full, and of further ones in short (oom_kill_process() in mm/oom_kill.c). */
const burst = 10;
const windowSeconds = 5;

/** When each message of the kernel's log about whom the OOM killer chose was written, in seconds since boot. */
function killTimes(): number[] {
  const log = openSync('/dev/kmsg', constants.O_RDONLY | constants.O_NONBLOCK);
  const record = Buffer.alloc(8192);
  const times: number[] = [];
  try {
    for (;;) {
      const text = record.toString('utf8', 0, readSync(log, record));
      const found = /^\d+,\d+,(\d+),[^;]*;oom-kill:/.exec(text);
      if (found?.[1] !== undefined) times.push(Number(found[1]) / 1e6);
    }
  } catch (failure) {
    // EPIPE: what was to be read next was overwritten meanwhile; the next record follows.
    if ((failure as NodeJS.ErrnoException).code !== 'EAGAIN') throw failure;
    return times;
  } finally {
    closeSync(log);
  }
}

/** Waits until the kernel would tell of so many further kills in full: other tests may have had some just now. */
export async function oomMessagesInFull(kills: number): Promise<void> {
  for (let tries = 0; tries < 2 * windowSeconds; tries += 1) {
    const uptime = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
    if (killTimes().filter((at) => at > uptime - windowSeconds - 0.1).length + kills <= burst) return;
    await sleep(1000);
  }
}
