import type { NamespaceSet } from './proc-reader.ts';
import type { ProcessFacts } from './process-facts.ts';
import type { WorkloadRecord } from './workload-record.ts';

/** A process as the inventory knows it. */
export interface ProcessRecord extends ProcessFacts {
  namespaces: NamespaceSet;
  /** Threads whose namespaces differ from the main thread's, by tid. */
  otherThreads: ReadonlyMap<number, NamespaceSet>;
  workload: WorkloadRecord;
}

/** A process as it was read. */
export type ProcessReading = Omit<ProcessRecord, 'workload'>;
