import type { ProcessReading } from './process-reading.ts';
import type { WorkloadRecord } from './workload-record.ts';

/** A process as the inventory knows it. */
export interface ProcessRecord extends ProcessReading {
  workload: WorkloadRecord;
  /** Grows with every process that is put: which of two was read later. */
  serial: number;
}
