import { isDatabaseAway } from '@bulkhead/db';
import { TRPCClientError } from '@trpc/client';

/** What keeps the collector from its work. */
export type Trouble = 'database-away' | 'agent-away' | 'refused' | 'failed';

function hasCode(failure: unknown, code: string): boolean {
  for (let cause = failure, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth += 1)
    if ('code' in cause && cause.code === code) return true;
  return false;
}

/** Tells apart who is away from what is wrong. */
export function troubleOf(failure: unknown): Trouble {
  // First, for an agent's socket breaks with the same errno as a database's.
  if (failure instanceof TRPCClientError) {
    const code: unknown = failure.data?.problem ?? failure.data?.code ?? undefined;
    if (code === undefined && hasCode(failure, 'UND_ERR_RES_EXCEEDED_MAX_SIZE')) return 'failed';
    if (code === undefined || code === 'unavailable') return 'agent-away';
    return code === 'unauthenticated' || code === 'forbidden' ? 'refused' : 'failed';
  }
  return isDatabaseAway(failure) ? 'database-away' : 'failed';
}

/** The message and those of its causes, once each. */
export function explain(failure: unknown): string {
  const messages: string[] = [];
  for (let cause = failure, depth = 0; cause !== undefined && cause !== null && depth < 5; depth += 1) {
    const message = cause instanceof Error ? cause.message || cause.name : String(cause);
    if (!messages.some((known) => known.includes(message))) messages.push(message);
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return messages.join(': ');
}

export interface Change {
  from: string;
  to: string;
}

/**
 * Remembers whether the work goes well, so that a log has one line for each change and none for each try. The wait
 * grows from one second to five while the same trouble lasts: both
 * neighbours are local and restarted within seconds, and a try costs them nothing.
 */
export class Condition {
  #current = 'starting';
  #tries = 0;

  /** Notes how it went; answers the change, if it is one. */
  note(next: 'collecting' | Trouble): Change | undefined {
    this.#tries = next === this.#current ? this.#tries + 1 : 0;
    if (next === this.#current) return undefined;
    const change = { from: this.#current, to: next };
    this.#current = next;
    return change;
  }

  get waitMsec(): number {
    return this.#current === 'collecting' ? 1000 : Math.min(5000, 1000 * 2 ** Math.min(this.#tries, 5));
  }
}
