import type { CgroupReading, ReadingRecord } from '@bulkhead/model';
import { groupIdOf } from './ledger-reading.ts';

/**
 * A metered group of others as readings are stored: nobody's (''), under an id that no container has, with its path in the
 * place of the name. So order, repetition, conflicts and retention are the same for both.
 */
export function toGroupRecord({ path, incarnation, at, boottimeMsec, final, reading, accumulators }: CgroupReading): ReadingRecord {
  return {
    kind: 'reading',
    incarnation,
    containerId: groupIdOf(path),
    containerName: path,
    tenantId: '',
    at,
    boottimeMsec,
    final,
    reading,
    accumulators,
  };
}
