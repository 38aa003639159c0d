import { Problem } from '@bulkhead/model';
import { driverFailureOf, isUniqueViolation } from '../database.ts';

/** SQLSTATE restrict_violation: the triggers of the billing tables refuse with it. */
const restrictViolation = '23001';

/**
 * Runs queries that the database may refuse by a rule of its own. What it says becomes a Problem `conflict`; so does a
 * key that is there already, in the words of `taken`.
 */
export async function tellingRefusals<T>(work: () => Promise<T>, taken = 'it is there already'): Promise<T> {
  try {
    return await work();
  } catch (failure) {
    if (isUniqueViolation(failure)) throw new Problem('conflict', taken, { cause: failure });
    const driver = failure instanceof Error ? driverFailureOf(failure) : undefined;
    if (driver?.originalCode === restrictViolation)
      throw new Problem('conflict', driver.originalMessage ?? 'the database refused it', { cause: failure });
    throw failure;
  }
}
