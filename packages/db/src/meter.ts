/**
 * Cumulative quantities that usage is made of: each begins at zero with its incarnation. Null in a row: not measured.
 * `field` is the name in UsageLine, `column` that in reading_minute.
 */
export const meters = [
  { field: 'cpuUsageUsec', column: 'cpu_usage_usec' },
  { field: 'cpuUsageNsec', column: 'cpu_usage_nsec' },
  { field: 'memoryByteSeconds', column: 'memory_byte_seconds' },
  { field: 'ioReadBytes', column: 'io_read_bytes' },
  { field: 'ioWriteBytes', column: 'io_write_bytes' },
  { field: 'unmeasuredMsec', column: 'unmeasured_msec' },
] as const;

export type MeterField = (typeof meters)[number]['field'];
