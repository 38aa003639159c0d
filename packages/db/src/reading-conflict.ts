import { ReadingRecord, type Timestamp } from '@bulkhead/model';
import { type Database, inScope, type TenantScope } from './database.ts';

/** A reading that came again with another payload: the first one counts, this one waits for a person's judgement. */
export interface ReadingConflict {
  record: ReadingRecord;
  receivedAt: Timestamp;
}

/** Newest first. */
export async function listReadingConflicts(database: Database, scope: TenantScope, limit = 100): Promise<ReadingConflict[]> {
  const rows = await inScope(database, scope, (transaction) =>
    transaction.readingConflict.findMany({ orderBy: { receivedAt: 'desc' }, take: limit }),
  );
  return rows.map(({ payload, receivedAt }) => ({ record: ReadingRecord.parse(payload), receivedAt: receivedAt.toISOString() }));
}
