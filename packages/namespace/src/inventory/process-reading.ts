import type { ProcessReference } from '@bulkhead/model';
import type { NamespaceSet } from './proc-reader.ts';
import type { ProcessFacts } from './process-facts.ts';

/** A process as it was read. */
export interface ProcessReading extends ProcessFacts {
  namespaces: NamespaceSet;
  /** Threads whose namespaces differ from the main thread's, by tid. */
  otherThreads: ReadonlyMap<number, NamespaceSet>;
  /** As lists name it, once that was asked for. */
  reference?: ProcessReference | undefined;
}
