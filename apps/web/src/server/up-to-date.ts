import type { Caller } from '@bulkhead/api';
import { waitForSeq } from '@bulkhead/db';
import { problemOf } from './agent-client.ts';
import type { Services } from './services.ts';

const storedWithinMsec = 15_000;
const meter: Caller = { subject: { kind: 'service', id: 'web', name: 'dashboard' }, role: 'administrator', tenants: 'all' };

/** Makes what was used until this moment durable; answers false where the agent is away and only what is stored can be told. */
export async function bringUpToDate({ agent, config, database, log }: Services): Promise<boolean> {
  let lastSeq: number;
  try {
    ({ lastSeq } = await agent.journal.flush.mutate({}, { context: { caller: meter } }));
  } catch (failure) {
    const problem = problemOf(failure);
    if (problem.code !== 'unavailable') throw problem;
    log.warn({ problem: problem.message }, 'use is told as stored: the agent is away');
    return false;
  }
  await waitForSeq(database, config.hostId, lastSeq, storedWithinMsec);
  return true;
}
