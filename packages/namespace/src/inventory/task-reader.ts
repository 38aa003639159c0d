import type { NamespaceType } from '@bulkhead/model';
import type { ProcessReading } from './process-reading.ts';
import type { ProcessRecord } from './process-record.ts';
import type { NamespaceRelations } from './relations.ts';

/** Where processes are kept that a reader has read. */
export interface TaskSink {
  readonly processes: ReadonlyMap<number, ProcessRecord>;
  /** Grows with every process that is put. */
  readonly serial: number;
  put(reading: ProcessReading): void;
  remove(pid: number): void;
}

/** A way to look at every process of the host. */
export interface TaskReader {
  /**
   * Reads all of them: puts what is new or not as it was, those before their children, and removes what is gone. Yields
   * wherever a pause can be made.
   */
  look(): Generator<void, void, unknown>;
  /** Reads one process. @param withThreads looks at its other threads although nothing else says that they differ */
  read(pid: number, withThreads: boolean): void;
  /** Takes a step of reading all of them again in turn. @returns false where a round is over */
  turn(): boolean;
  /** What the last look found out of a namespace on its way. */
  relationsOf(ino: number, type: NamespaceType): NamespaceRelations | undefined;
}

/** No ancestry is read further at once. */
export const maxAncestors = 64;
