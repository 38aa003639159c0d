import type { NamespaceType } from '@bulkhead/model';
import type { NamespaceRelations } from './relations.ts';

/** A way to keep current what holds namespaces besides tasks: open descriptors and bind mounts. */
export interface HolderWatch {
  /** Processes whose descriptors may not be looked at. */
  readonly refused: number;
  /** One round, as far as its share of a CPU reaches, or as long as others may wait. @returns true where it is to go on at once */
  look(): boolean;
  /** All of it, now. Yields wherever a pause can be made. */
  lookAtAll(): Generator<void, void, unknown>;
  /** What the last look found out of a namespace that is held so. */
  relationsOf(ino: number, type: NamespaceType): NamespaceRelations | undefined;
  /** A process is gone. */
  forget(pid: number): void;
}
