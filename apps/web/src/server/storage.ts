import type { Caller, StorageReport } from '@bulkhead/api';
import { readStorage } from '@bulkhead/db';
import { defaultRetention } from '@bulkhead/model';
import { problemOf } from './agent-client.ts';
import type { Services } from './services.ts';

/** What is stored. Where the agent is away, all but its journal can be told. */
export async function reportStorage(
  { agent, config, database, log }: Pick<Services, 'agent' | 'config' | 'database' | 'log'>,
  caller: Caller,
  signal: AbortSignal,
): Promise<StorageReport> {
  const retention = config.retention ?? defaultRetention;
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
    retention: { minuteDays: retention.minuteDays, hourMonths: retention.hourMonths },
    ...(journalBytes === undefined ? {} : { journalBytes }),
  };
}
