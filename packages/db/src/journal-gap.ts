import type { HostId, JournalEntry, JournalRecord, Timestamp } from '@bulkhead/model';
import type { Transaction } from './database.ts';
import { toJsonText } from './json-text.ts';

/** When a record says that it was written, where it does: it is in the order of the journal. */
export function momentOf(record: JournalRecord): Timestamp | undefined {
  switch (record.kind) {
    case 'reading':
    case 'cgroup-minutes':
    case 'cgroup-reading':
    case 'cgroup-sums':
      return record.at;
    case 'event':
      return record.event.at;
    case 'post-mortem':
    case 'container':
      return undefined;
  }
}

/** Keeps which sequence numbers a page leaps over, with the time that they lie in. */
export async function keepGaps(
  transaction: Transaction,
  { hostId, after, entries }: { hostId: HostId; after: number; entries: readonly JournalEntry[] },
): Promise<void> {
  const gaps: { afterSeq: number; nextSeq: number; toAt: Timestamp | undefined; fromAt: Timestamp | undefined }[] = [];
  let [last, moment]: [number, Timestamp | undefined] = [after, undefined];
  for (const { seq, record } of entries) {
    const told = momentOf(record);
    // The first dated record after a leap ends the time that it lies in.
    for (const gap of gaps) gap.toAt ??= told;
    if (seq > last + 1) gaps.push({ afterSeq: last, nextSeq: seq, fromAt: moment, toAt: told });
    moment = told ?? moment;
    last = seq;
  }
  await transaction.$executeRaw`
    INSERT INTO journal_gap (host_id, after_seq, next_seq, from_at, to_at)
    SELECT ${hostId}::uuid, (r ->> 'afterSeq')::bigint, (r ->> 'nextSeq')::bigint,
           coalesce((r ->> 'fromAt')::timestamptz, (SELECT told_until FROM journal_cursor WHERE host_id = ${hostId}::uuid)),
           (r ->> 'toAt')::timestamptz
    FROM jsonb_array_elements(${toJsonText(gaps)}::jsonb) r ON CONFLICT DO NOTHING`;
}
