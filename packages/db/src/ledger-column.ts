import type { MeterId, ReadingRecord } from '@bulkhead/model';

/**
 * Meters that a reading tells, where they stand in reading_minute, and in a record: what `toLedgerReading` makes of it.
 * `running-time` is the sum of the two columns of time, which are always there.
 */
export const ledgerColumns = [
  { meter: 'cpu-used', column: 'cpu_usage_usec', of: ({ reading }) => reading.cpuUsageUsec },
  { meter: 'cpu-allocated', column: 'cpu_limit_milli_seconds', of: ({ accumulators }) => accumulators.cpuLimitMilliSeconds },
  { meter: 'memory-used', column: 'memory_byte_seconds', of: ({ accumulators }) => accumulators.memoryByteSeconds },
  { meter: 'memory-allocated', column: 'memory_limit_byte_seconds', of: ({ accumulators }) => accumulators.memoryLimitByteSeconds },
  { meter: 'memory-peak', column: 'memory_peak_bytes', of: ({ reading }) => reading.memoryPeakBytes },
  { meter: 'io-read-bytes', column: 'io_read_bytes', of: ({ reading }) => reading.ioReadBytes },
  { meter: 'io-write-bytes', column: 'io_write_bytes', of: ({ reading }) => reading.ioWriteBytes },
  { meter: 'io-read-operations', column: 'io_read_operations', of: ({ reading }) => reading.ioReadOperations },
  { meter: 'io-write-operations', column: 'io_write_operations', of: ({ reading }) => reading.ioWriteOperations },
  { meter: 'cpu-stalled', column: 'cpu_stalled_usec', of: ({ reading }) => reading.cpuStalledUsec },
  { meter: 'memory-stalled', column: 'memory_stalled_usec', of: ({ reading }) => reading.memoryStalledUsec },
  { meter: 'io-stalled', column: 'io_stalled_usec', of: ({ reading }) => reading.ioStalledUsec },
] as const satisfies readonly { meter: MeterId; column: string; of(record: ReadingRecord): string | undefined }[];

/** Which of them a record measures, a digit each: `110…`. Lives in which that changes are not steady. */
export function presenceOf(record: ReadingRecord): string {
  let presence = '';
  for (const { of } of ledgerColumns) presence += of(record) === undefined ? '0' : '1';
  return presence;
}

/** The same of a row of reading_minute, in SQL. */
export const presenceSql = (table: string): string =>
  `concat(${ledgerColumns.map(({ column }) => `(${table}.${column} IS NOT NULL)::int`).join(', ')})`;
