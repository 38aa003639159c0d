import type { Caller, StorageReport } from '@bulkhead/api';
import { readStorage } from '@bulkhead/db';
import { problemOf } from './agent-client.ts';
import type { Services } from './services.ts';

/** What is stored. Where the agent is away, all but its journal can be told. */
export async function reportStorage(
  { agent, database, log }: Pick<Services, 'agent' | 'database' | 'log'>,
  caller: Caller,
  signal: AbortSignal,
): Promise<StorageReport> {
  const journal = agent.host.use.query({}, { context: { caller }, signal }).then(
    ({ journalBytes }) => journalBytes,
    (failure) => {
      const problem = problemOf(failure);
      if (problem.code !== 'unavailable') throw problem;
      log.info({ problem: problem.message }, 'storage is told without the journal: the agent is away');
      return undefined;
    },
  );
  const [stored, journalBytes] = await Promise.all([readStorage(database), journal]);
  return {
    at: new Date().toISOString(),
    ...stored,
    retention: { minuteDays: 14, hourMonths: 13 },
    ...(journalBytes === undefined ? {} : { journalBytes }),
  };
}
