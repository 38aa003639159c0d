import type { LedgerReading, UsageRow } from '@bulkhead/model';
import { livesOf } from './lives.ts';
import { RowBook, type RowOptions } from './row-book.ts';

/** Readings come once a minute: three may be missing before a stretch counts as a gap. */
export const defaultMaximumStepMsec = 180_000;

export interface ReadingOptions extends RowOptions {
  /** A longer stretch between two readings is a gap: its quantity is exact, its place in time is not. `max`: none is. */
  maximumStepMsec?: number | 'max';
}

/**
 * Rows of use, divided at each hour, change of owner and cut. Growth of a counter between two readings is spread evenly
 * over the time between them, exactly in sum: over a window whose bounds are moments of readings, rows add up to what
 * `usageOfIncarnations` and the SQL of packages/db say. Readings that come shuffled, late or twice give the same rows; no
 * quantity is ever negative; the first reading of an adopted group is the line from which it counts.
 */
export function rowsOfReadings(readings: readonly LedgerReading[], options: ReadingOptions = {}): UsageRow[] {
  const { maximumStepMsec = defaultMaximumStepMsec } = options;
  const book = new RowBook(options);
  for (const { readings: life, steps } of livesOf(readings))
    for (const { before: _, after, ...step } of steps) {
      const { resource, tenantId } = life[after] as LedgerReading;
      if (maximumStepMsec !== 'max' && step.durationMsec > maximumStepMsec) step.flags.add('spread');
      book.add({ resource, tenantId, ...step });
    }
  return book.toRows();
}
