import type { MeterId } from '@bulkhead/model';

/**
 * Where a meter's value was read: the file of cgroup v2, then of v1. What no file counts is integrated by the agent, from
 * the file that is named.
 */
export const kernelFiles: Record<MeterId, string> = {
  'cpu-used': 'cpu.stat usage_usec | cpuacct.usage / 1000',
  'cpu-allocated': 'cpu.max x time | cpu.cfs_quota_us / cpu.cfs_period_us x time',
  'memory-used': 'memory.current x time | memory.usage_in_bytes x time',
  'memory-allocated': 'memory.max x time | memory.limit_in_bytes x time',
  'memory-peak': 'memory.peak | memory.max_usage_in_bytes',
  'disk-used': 'statvfs of the volume x time',
  'io-read-bytes': 'io.stat rbytes | blkio.throttle.io_service_bytes Read',
  'io-write-bytes': 'io.stat wbytes | blkio.throttle.io_service_bytes Write',
  'io-read-operations': 'io.stat rios | blkio.throttle.io_serviced Read',
  'io-write-operations': 'io.stat wios | blkio.throttle.io_serviced Write',
  'network-in-bytes': "tx_bytes of the link's host end",
  'network-out-bytes': "rx_bytes of the link's host end",
  'running-time': 'CLOCK_BOOTTIME since the cgroup was made',
  'paused-time': 'CLOCK_BOOTTIME while cgroup.freeze was 1 | freezer.state was FROZEN',
  'address-held': 'CLOCK_BOOTTIME while it was held',
  'cpu-stalled': 'cpu.pressure some total',
  'memory-stalled': 'memory.pressure some total',
  'io-stalled': 'io.pressure some total',
};
