import { setTimeout as sleep } from 'node:timers/promises';
import { type HostId, Problem } from '@bulkhead/model';
import { type Database, inScope } from './database.ts';

/** How far a host's journal is in the database. */
export interface JournalCursor {
  /** 0 before the first page. */
  seq: number;
  /** Sequence numbers that never came. */
  missing: number;
}

export async function readCursor(database: Database, hostId: HostId): Promise<JournalCursor> {
  const cursor = await inScope(database, 'all', (transaction) => transaction.journalCursor.findUnique({ where: { hostId } }));
  return { seq: Number(cursor?.seq ?? 0), missing: Number(cursor?.missing ?? 0) };
}

/** Begins a host's journal anew: its agent lost it. What is stored stays, and coming again changes nothing. */
export async function restartCursor(database: Database, hostId: HostId): Promise<void> {
  await inScope(database, 'all', (transaction) => transaction.journalCursor.updateMany({ where: { hostId }, data: { seq: 0 } }));
}

/** Answers once everything up to `seq` is in. Throws Problem `unavailable` when that takes longer. */
export async function waitForSeq(database: Database, hostId: HostId, seq: number, timeoutMsec: number): Promise<void> {
  const deadline = performance.now() + timeoutMsec;
  for (;;) {
    const cursor = await readCursor(database, hostId);
    if (cursor.seq >= seq) return;
    if (performance.now() >= deadline)
      throw new Problem('unavailable', `the collector is behind: ${cursor.seq} of ${seq} entries of host ${hostId} are stored`, {
        remedy: 'look at `bulkhead service logs collector`',
      });
    await sleep(Math.min(25, Math.max(1, deadline - performance.now())));
  }
}
