import type { Caller } from '@bulkhead/api';
import type { EventLog } from '../event/event-log.ts';

/** Events written at most in a while: whoever knocks on every door must not fill the disk. */
const mostPerWindow = 10;
const windowMsec = 60_000;

/** Tells of calls that were refused, so that somebody can ask why; of a flood the first ones, and how many more there were. */
export class RefusalLog {
  readonly #events: Pick<EventLog, 'record'>;
  #windowBeginMsec = Number.NEGATIVE_INFINITY;
  #count = 0;

  constructor(events: Pick<EventLog, 'record'>) {
    this.#events = events;
  }

  note(procedure: string, reason: string, caller: Caller | undefined, nowMsec = performance.now()): void {
    let unwritten = 0;
    if (nowMsec - this.#windowBeginMsec >= windowMsec) {
      unwritten = Math.max(0, this.#count - mostPerWindow);
      this.#windowBeginMsec = nowMsec;
      this.#count = 0;
    }
    this.#count += 1;
    if (this.#count > mostPerWindow) return;
    void this.#events.record('authorisation.refused', {
      ...(caller === undefined || caller.role === 'anonymous' ? {} : { subject: caller.subject }),
      detail: { procedure, reason, ...(unwritten === 0 ? {} : { unwrittenBefore: unwritten }) },
    });
  }
}
