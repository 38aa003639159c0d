import { type KeyObject, randomUUID } from 'node:crypto';
import type { AgentRouter, Caller, ErrorData } from '@bulkhead/api';
import { hashInput, signStatement, statementHeader, statementLifetimeMsec } from '@bulkhead/api/statement';
import { Problem } from '@bulkhead/model';
import { createTRPCClient, httpLink, httpSubscriptionLink, type Operation, splitLink, TRPCClientError } from '@trpc/client';
import { Agent, type Dispatcher, EventSource, fetch } from 'undici';

/** Every call names on whose behalf it is made; the agent decides by that, not by who carries it. */
export interface CallContext extends Record<string, unknown> {
  caller: Caller;
}

export type AgentClient = ReturnType<typeof createAgentClient>;

interface AgentTarget {
  hostId: string;
  socketPath: string;
  privateKey: KeyObject;
}

const callerOf = (operation: Operation): Caller => {
  const caller = (operation.context as Partial<CallContext>).caller;
  if (caller === undefined) throw new Error(`${operation.path} was called without a caller`);
  return caller;
};

/** A typed client of one agent over its socket. Each request carries a statement of its own, those of a reconnecting stream too. */
export function createAgentClient({ hostId, socketPath, privateKey }: AgentTarget) {
  const agent = new Agent({ connect: { socketPath }, bodyTimeout: 0, headersTimeout: 120_000 });

  const statementFor = (caller: Caller, procedure: string, input: unknown): string => {
    if (caller.role === 'anonymous') throw new Error('nothing is asked of an agent on behalf of nobody');
    const issuedAtMsec = Date.now();
    return signStatement(
      {
        version: 1,
        audience: hostId,
        subject: caller.subject,
        // Root on the control plane's own machine is its administrator; only the agent's own socket knows a local root.
        role: caller.role === 'local-root' ? 'administrator' : caller.role,
        tenants: caller.tenants === 'all' ? 'all' : [...caller.tenants],
        procedure,
        inputHash: hashInput(input),
        jti: randomUUID(),
        issuedAtMsec,
        expiresAtMsec: issuedAtMsec + statementLifetimeMsec / 2,
      },
      privateKey,
    );
  };

  // An EventSource reconnects by itself with the request it began with; only the dispatcher sees each attempt, and a
  // statement serves once.
  const signing = (caller: Caller): Dispatcher =>
    agent.compose((dispatch) => (options, handler) => {
      const url = new URL(options.path, 'http://agent');
      const input = url.searchParams.get('input');
      const statement = statementFor(caller, url.pathname.slice(1), input === null ? undefined : JSON.parse(input));
      return dispatch({ ...options, headers: { ...(options.headers as Record<string, string>), [statementHeader]: statement } }, handler);
    });

  const client = createTRPCClient<AgentRouter>({
    links: [
      splitLink({
        condition: (operation) => operation.type === 'subscription',
        true: httpSubscriptionLink({
          url: 'http://agent',
          EventSource,
          eventSourceOptions: ({ op }) => ({ node: { dispatcher: signing(callerOf(op)), reconnectionTime: 250 } }),
        }),
        false: httpLink({
          url: 'http://agent',
          headers: ({ op }) => ({ [statementHeader]: statementFor(callerOf(op), op.path, op.input) }),
          // undici's own fetch takes a dispatcher; its types differ from the DOM's in nothing that tRPC uses.
          fetch: ((url: string, init: object) => fetch(url, { ...init, dispatcher: agent })) as unknown as NonNullable<
            Parameters<typeof httpLink>[0]['fetch']
          >,
        }),
      }),
    ],
  });
  return Object.assign(client, { close: () => agent.destroy() });
}

/** What an agent answered, as a Problem of ours: its words are kept, so that the browser reads what the command line would. */
export function problemOf(failure: unknown): Problem {
  if (failure instanceof Problem) return failure;
  if (failure instanceof TRPCClientError) {
    const data = (failure.data ?? undefined) as Partial<ErrorData> | undefined;
    if (data?.problem !== undefined) {
      const cause = Object.assign(new Error(`the agent's reference is ${data.reference ?? 'not known'}`, { cause: failure }), {
        ...(data.errno === undefined ? {} : { syscall: 'agent', code: data.errno }),
      });
      // A statement that the agent refused is our fault, not the browser's: its session is sound.
      if (data.problem === 'unauthenticated')
        return new Problem('internal', 'the agent did not accept the control plane’s signature', {
          remedy: 'see ./bulkhead service logs agent',
          cause,
        });
      return new Problem(data.problem, failure.message, {
        ...(data.remedy === undefined ? {} : { remedy: data.remedy }),
        ...(data.told === undefined ? {} : { told: data.told }),
        cause,
      });
    }
  }
  return new Problem('unavailable', 'the agent of this host does not answer', {
    remedy: 'containers go on without it; it is restarted by itself, try again in a moment',
    cause: failure,
  });
}
