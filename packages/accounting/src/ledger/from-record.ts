import type { LedgerReading, MeterId, Quantity, ReadingRecord } from '@bulkhead/model';

/** A container's record as the ledger takes it. The agent made its cgroup, so its counters begin at zero. */
export function toLedgerReading(record: ReadingRecord): LedgerReading {
  const { incarnation, containerId, containerName, tenantId, at, boottimeMsec, final, reading, accumulators } = record;
  const { measuredMsec, unmeasuredMsec } = accumulators;
  const ageMsec = String(BigInt(measuredMsec) + BigInt(unmeasuredMsec));
  const told: Partial<Record<MeterId, Quantity | undefined>> = {
    'cpu-used': reading.cpuUsageUsec,
    'cpu-allocated': accumulators.cpuLimitMilliSeconds,
    'memory-used': accumulators.memoryByteSeconds,
    'memory-allocated': accumulators.memoryLimitByteSeconds,
    'memory-peak': reading.memoryPeakBytes,
    'io-read-bytes': reading.ioReadBytes,
    'io-write-bytes': reading.ioWriteBytes,
    'io-read-operations': reading.ioReadOperations,
    'io-write-operations': reading.ioWriteOperations,
    'cpu-stalled': reading.cpuStalledUsec,
    'memory-stalled': reading.memoryStalledUsec,
    'io-stalled': reading.ioStalledUsec,
    'running-time': ageMsec,
  };
  return {
    resource: { hostId: incarnation.hostId, kind: 'container', id: containerId, name: containerName },
    incarnation,
    origin: 'created',
    tenantId,
    at,
    boottimeMsec,
    ageMsec,
    final,
    meters: Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined)) as LedgerReading['meters'],
    unmeasuredMsec,
  };
}
