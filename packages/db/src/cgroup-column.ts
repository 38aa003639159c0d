import type { CgroupMinutes } from '@bulkhead/model';
import { Prisma } from './generated/client.ts';

interface CgroupColumn {
  /** In the tables of cgroups. */
  column: string;
  of: Exclude<keyof CgroupMinutes, 'kind' | 'hostId' | 'at' | 'part' | 'paths'>;
  /** How several values become one. */
  joined: 'avg' | 'max';
}

/** What is stored of a cgroup's use, once: inserts, roll-ups and charts come from here. */
export const cgroupColumns = [
  { column: 'cpu_millis', of: 'cpuMillis', joined: 'avg' },
  { column: 'cpu_millis_most', of: 'cpuMillisMost', joined: 'max' },
  { column: 'throttled', of: 'throttled', joined: 'avg' },
  { column: 'memory_bytes', of: 'memoryBytes', joined: 'avg' },
  { column: 'memory_bytes_most', of: 'memoryBytesMost', joined: 'max' },
  { column: 'io_read', of: 'ioReadBytesPerSecond', joined: 'avg' },
  { column: 'io_written', of: 'ioWriteBytesPerSecond', joined: 'avg' },
  { column: 'pids', of: 'pids', joined: 'avg' },
  { column: 'cpu_some', of: 'cpuSome', joined: 'avg' },
  { column: 'memory_some', of: 'memorySome', joined: 'avg' },
  { column: 'memory_full', of: 'memoryFull', joined: 'avg' },
  { column: 'io_some', of: 'ioSome', joined: 'avg' },
  { column: 'io_full', of: 'ioFull', joined: 'avg' },
] as const satisfies readonly CgroupColumn[];

export const columnNames = Prisma.raw(cgroupColumns.map(({ column }) => column).join(', '));

/** One expression a column, with commas between. */
export const eachColumn = (expression: (column: string, joined: 'avg' | 'max') => string): Prisma.Sql =>
  Prisma.raw(cgroupColumns.map(({ column, joined }) => expression(column, joined)).join(', '));
