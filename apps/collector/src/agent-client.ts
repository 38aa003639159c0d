import { type KeyObject, randomUUID } from 'node:crypto';
import type { AgentRouter } from '@bulkhead/api';
import { hashInput, type Statement, signStatement, statementHeader } from '@bulkhead/api/statement';
import { createTRPCClient, httpLink, type Operation, type TRPCClient } from '@trpc/client';
import { Agent, fetch } from 'undici';

export interface AgentTarget {
  hostId: string;
  socketPath: string;
  privateKey: KeyObject;
}

export interface AgentConnection {
  agent: TRPCClient<AgentRouter>;
  close(): Promise<void>;
}

type Fetch = NonNullable<Parameters<typeof httpLink>[0]['fetch']>;

/** A call over a local socket is answered in milliseconds; a statement outlives it by far. */
const statementLifetimeMsec = 30_000;
const callTimeoutMsec = 20_000;
/** More than this is not read: the page is asked for again with fewer entries. */
const answerLimitBytes = 64 * 1024 * 1024;

function toStatement(hostId: string, operation: Operation): Statement {
  const issuedAtMsec = Date.now();
  return {
    version: 1,
    audience: hostId,
    subject: { kind: 'service', id: 'collector', name: 'collector' },
    role: 'collector',
    tenants: 'all',
    procedure: operation.path,
    inputHash: hashInput(operation.input),
    jti: randomUUID(),
    issuedAtMsec,
    expiresAtMsec: issuedAtMsec + statementLifetimeMsec,
  };
}

/** A typed client of one agent over its socket; each call carries a statement of its own. */
export function connectAgent({ hostId, socketPath, privateKey }: AgentTarget): AgentConnection {
  const dispatcher = new Agent({
    connect: { socketPath, timeout: 5000 },
    headersTimeout: callTimeoutMsec,
    bodyTimeout: callTimeoutMsec,
    maxResponseSize: answerLimitBytes,
    connections: 1,
  });
  const agent = createTRPCClient<AgentRouter>({
    links: [
      httpLink({
        url: 'http://agent',
        headers: ({ op }) => ({ [statementHeader]: signStatement(toStatement(hostId, op), privateKey) }),
        // undici's own fetch takes a dispatcher; its types differ from the DOM's in nothing that tRPC uses.
        fetch: ((url: string, init: object) => fetch(url, { ...init, dispatcher })) as unknown as Fetch,
      }),
    ],
  });
  return { agent, close: () => dispatcher.destroy() };
}
