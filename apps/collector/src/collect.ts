import type { AgentRouter } from '@bulkhead/api';
import { type Database, ingest, type KnownCgroups, type KnownIncarnations, readCursor, restartCursor } from '@bulkhead/db';
import { type HostId, JournalEntry, Problem } from '@bulkhead/model';
import type { TRPCClient } from '@trpc/client';
import { z } from 'zod';

/** Entries asked for at once, at most: more would keep the agent from its other work for too long. */
export const largestPage = 2000;

const Page = z.object({
  entries: z.array(JournalEntry).max(largestPage),
  lastSeq: z.number().int().nonnegative(),
  acknowledgedSeq: z.number().int().nonnegative(),
});

/** What one pass did. */
export interface Collected {
  entries: number;
  seq: number;
  /** True where more was waiting than fits a page. */
  more: boolean;
  conflicts: number;
  missing: number;
  /** The journal ended before our cursor: the agent has lost it and begun again. */
  restarted: boolean;
}

export interface Source {
  hostId: HostId;
  agent: Pick<TRPCClient<AgentRouter>, 'journal'>;
  database: Database;
  /** Kept from page to page. */
  known?: KnownIncarnations;
  cgroups?: KnownCgroups;
  /** Entries to ask for. */
  limit?: number;
}

/**
 * Moves one page from an agent's journal to the database, and tells the agent what it may forget. The cursor lives in
 * the database and moves with the data, so that a crash between any two steps loses nothing and doubles nothing.
 */
export async function collect({ hostId, agent, database, known, cgroups, limit = largestPage }: Source): Promise<Collected> {
  const { seq: after } = await readCursor(database, hostId);
  // The other side is another process, perhaps of another version: what it says is checked before it is believed.
  const page = Page.safeParse(await agent.journal.pull.query({ after, limit }));
  if (!page.success)
    throw new Problem('invalid', `the journal of host ${hostId} is not understood after ${after}: ${z.prettifyError(page.error)}`);
  const { entries, lastSeq, acknowledgedSeq } = page.data;
  // An agent that forgot what we acknowledged still knows that we did.
  if (Math.max(lastSeq, acknowledgedSeq) < after) {
    await restartCursor(database, hostId);
    return { entries: 0, seq: 0, more: lastSeq > 0, conflicts: 0, missing: 0, restarted: true };
  }
  let [seq, conflicts, missing] = [after, 0, 0];
  if (entries.length > 0) {
    const result = await ingest(database, { hostId, after, entries }, known, cgroups);
    ({ seq, conflicts, missing } = result);
  }
  // Also when nothing was new: the last acknowledgement may not have arrived.
  if (seq > acknowledgedSeq) await agent.journal.acknowledge.mutate({ seq });
  return { entries: entries.length, seq, more: entries.length > 0 && seq < lastSeq, conflicts, missing, restarted: false };
}
