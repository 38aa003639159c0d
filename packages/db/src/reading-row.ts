import type { BootId, Counter, HostId, ReadingRecord } from '@bulkhead/model';
import { Prisma } from './generated/client.ts';

type Value = string | number | boolean | undefined;

interface Column {
  column: string;
  /** PostgreSQL type that the value's JSON form is read as. */
  type: 'uuid' | 'bigint' | 'numeric' | 'text' | 'timestamptz' | 'boolean';
  of: (record: ReadingRecord) => Value;
}

/** An inode's 64 bits as the signed number that PostgreSQL's bigint holds. */
export const toSignedIno = (cgroupIno: Counter): string =>
  cgroupIno.length < 19 ? cgroupIno : BigInt.asIntN(64, BigInt(cgroupIno)).toString();

/** Columns of reading_minute, once: the insert, its input and the comparison of a redelivery come from here. */
export const readingColumns = [
  { column: 'host_id', type: 'uuid', of: (record) => record.incarnation.hostId },
  { column: 'boot_id', type: 'uuid', of: (record) => record.incarnation.bootId },
  { column: 'cgroup_ino', type: 'bigint', of: (record) => toSignedIno(record.incarnation.cgroupIno) },
  { column: 'boottime_msec', type: 'bigint', of: (record) => record.boottimeMsec },
  { column: 'tenant_id', type: 'text', of: (record) => record.tenantId },
  { column: 'container_id', type: 'text', of: (record) => record.containerId },
  { column: 'at', type: 'timestamptz', of: (record) => record.at },
  { column: 'final', type: 'boolean', of: (record) => record.final },
  { column: 'cpu_usage_usec', type: 'numeric', of: (record) => record.reading.cpuUsageUsec },
  { column: 'cpu_user_usec', type: 'numeric', of: (record) => record.reading.cpuUserUsec },
  { column: 'cpu_system_usec', type: 'numeric', of: (record) => record.reading.cpuSystemUsec },
  { column: 'cpu_usage_nsec', type: 'numeric', of: (record) => record.reading.cpuUsageNsec },
  { column: 'cpu_throttled_usec', type: 'numeric', of: (record) => record.reading.cpuThrottledUsec },
  { column: 'cpu_periods', type: 'numeric', of: (record) => record.reading.cpuPeriods },
  { column: 'cpu_throttled_periods', type: 'numeric', of: (record) => record.reading.cpuThrottledPeriods },
  { column: 'memory_current_bytes', type: 'numeric', of: (record) => record.reading.memoryCurrentBytes },
  { column: 'memory_peak_bytes', type: 'numeric', of: (record) => record.reading.memoryPeakBytes },
  { column: 'memory_oom_kills', type: 'numeric', of: (record) => record.reading.memoryOomKills },
  { column: 'io_read_bytes', type: 'numeric', of: (record) => record.reading.ioReadBytes },
  { column: 'io_write_bytes', type: 'numeric', of: (record) => record.reading.ioWriteBytes },
  { column: 'io_read_operations', type: 'numeric', of: (record) => record.reading.ioReadOperations },
  { column: 'io_write_operations', type: 'numeric', of: (record) => record.reading.ioWriteOperations },
  { column: 'cpu_stalled_usec', type: 'numeric', of: (record) => record.reading.cpuStalledUsec },
  { column: 'memory_stalled_usec', type: 'numeric', of: (record) => record.reading.memoryStalledUsec },
  { column: 'io_stalled_usec', type: 'numeric', of: (record) => record.reading.ioStalledUsec },
  { column: 'pids_current', type: 'numeric', of: (record) => record.reading.pidsCurrent },
  { column: 'memory_byte_seconds', type: 'numeric', of: (record) => record.accumulators.memoryByteSeconds },
  { column: 'memory_limit_byte_seconds', type: 'numeric', of: (record) => record.accumulators.memoryLimitByteSeconds },
  { column: 'cpu_limit_milli_seconds', type: 'numeric', of: (record) => record.accumulators.cpuLimitMilliSeconds },
  { column: 'measured_msec', type: 'numeric', of: (record) => record.accumulators.measuredMsec },
  { column: 'unmeasured_msec', type: 'numeric', of: (record) => record.accumulators.unmeasuredMsec },
  { column: 'memory_max_bytes', type: 'text', of: (record) => record.memoryMaxBytes?.toString() },
  { column: 'cpu_max_millis', type: 'text', of: (record) => record.cpuMaxMillis?.toString() },
] as const satisfies readonly Column[];

const list = (texts: readonly string[]): Prisma.Sql => Prisma.raw(texts.join(', '));
const columnNames = readingColumns.map(({ column }) => column);
const keyColumns = columnNames.slice(0, 4);
/** What is the same in a whole page, or in nearly all of it, is sent once: half of a row's time is the reading of its text. */
const [, , ...ownColumns] = readingColumns;

const quoted = (value: Value): string =>
  value === undefined ? 'null' : typeof value === 'string' && /^[\w .:-]*$/.test(value) ? `"${value}"` : JSON.stringify(value);

/** Readings of one host as parameters of a query. */
export interface ReadingRows {
  hostId: HostId;
  bootIds: BootId[];
  /** JSON arrays of a row each: position of its boot id, from 1, then the columns after it. */
  rows: string;
}

export function toReadingRows(hostId: HostId, records: readonly ReadingRecord[]): ReadingRows {
  const boots = new Map<BootId, number>();
  const rows = records.map((record) => {
    const { bootId } = record.incarnation;
    let boot = boots.get(bootId);
    if (boot === undefined) {
      boot = boots.size + 1;
      boots.set(bootId, boot);
    }
    return `["${boot}",${ownColumns.map(({ of }) => quoted(of(record))).join()}]`;
  });
  return { hostId, bootIds: [...boots.keys()], rows: `[${rows.join()}]` };
}

/** Expressions for the columns of reading_minute over an element `r`. */
const columnsOf = ({ hostId, bootIds }: ReadingRows): Prisma.Sql => {
  const own = ownColumns.map(({ column, type }, index) => `(r ->> ${index + 1})::${type} AS ${column}`);
  return Prisma.sql`${hostId}::uuid AS host_id, (${bootIds}::uuid[])[(r ->> 0)::int] AS boot_id, ${list(own)}`;
};

/** Inserts readings that are all new: one that is there already is a unique violation. */
export const insertReadings = (readings: ReadingRows): Prisma.Sql => Prisma.sql`
  INSERT INTO reading_minute (${list(columnNames)}) SELECT ${columnsOf(readings)} FROM jsonb_array_elements(${readings.rows}::jsonb) r`;

/** Inserts what is new; a key that is there already is left as it is. */
export const mergeReadings = (readings: ReadingRows): Prisma.Sql => Prisma.sql`${insertReadings(readings)} ON CONFLICT DO NOTHING`;

/** Which of the readings (by position, from 0) stand in the table with another payload. */
export const selectConflicts = (readings: ReadingRows): Prisma.Sql => Prisma.sql`
  SELECT (n.position - 1)::int AS position
  FROM (SELECT ${columnsOf(readings)}, position
        FROM jsonb_array_elements(${readings.rows}::jsonb) WITH ORDINALITY AS elements (r, position)) n
  JOIN reading_minute m USING (${list(keyColumns)})
  WHERE (${list(payloadOf('n'))}) IS DISTINCT FROM (${list(payloadOf('m'))})`;

function payloadOf(table: 'n' | 'm'): string[] {
  return columnNames.filter((name) => !keyColumns.includes(name)).map((name) => `${table}.${name}`);
}
