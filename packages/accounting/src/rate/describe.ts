import { type MeterId, meterOf } from '@bulkhead/model';

/** What meters are called in English; FOCUS's SkuMeter. */
export const meterNames: Record<MeterId, string> = {
  'cpu-used': 'CPU time used',
  'cpu-allocated': 'CPU time allocated',
  'memory-used': 'Memory used',
  'memory-allocated': 'Memory allocated',
  'memory-peak': 'Peak memory',
  'disk-used': 'Disk used',
  'io-read-bytes': 'Data read from disks',
  'io-write-bytes': 'Data written to disks',
  'io-read-operations': 'Read operations',
  'io-write-operations': 'Write operations',
  'network-in-bytes': 'Network data received',
  'network-out-bytes': 'Network data sent',
  'running-time': 'Running time',
  'paused-time': 'Paused time',
  'address-held': 'Addresses held',
  'cpu-stalled': 'Time stalled for CPU',
  'memory-stalled': 'Time stalled for memory',
  'io-stalled': 'Time stalled for disks',
};

/** The meter's name with what is charged, used or allocated, where the name does not say it. */
export function describeMeter(id: MeterId): string {
  const { basis } = meterOf(id);
  const name = meterNames[id];
  return name.includes(basis) ? name : `${name} (${basis})`;
}
