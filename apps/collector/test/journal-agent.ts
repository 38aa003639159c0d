import { createServer, type Server } from 'node:http';
import { type AgentContract, agentContract } from '@bulkhead/api';
import { createRouter } from '@bulkhead/api/router';
import { hashInput, openStatement, readPublicKey, statementHeader } from '@bulkhead/api/statement';
import { type HostInfo, type JournalEntry, type JournalRecord, Problem } from '@bulkhead/model';
import { createHTTPHandler } from '@trpc/server/adapters/standalone';

export interface JournalAgentOptions {
  hostInfo: HostInfo;
  publicKeyPem: string;
  socketPath: string;
}

/** The journal part of an agent: the real contract, router and signatures over a real socket, with entries in memory. */
export class JournalAgent {
  readonly #options: JournalAgentOptions;
  #server: Server | undefined;
  #entries: JournalEntry[] = [];
  #lastSeq = 0;
  acknowledgedSeq = 0;
  /** How often each page was asked for, by cursor: shows redelivery. */
  readonly pulls: number[] = [];
  /** Runs at the named point of a call, before it is answered. */
  at: Partial<Record<'pull' | 'acknowledge' | 'acknowledged', () => void | Promise<void>>> = {};
  readonly usedStatements = new Set<string>();

  constructor(options: JournalAgentOptions) {
    this.#options = options;
  }

  write(records: readonly JournalRecord[]): void {
    for (const record of records) {
      this.#lastSeq += 1;
      this.#entries.push({ seq: this.#lastSeq, record });
    }
  }

  /** Forgets everything, as an agent whose state directory was lost. */
  lose(): void {
    [this.#entries, this.#lastSeq, this.acknowledgedSeq] = [[], 0, 0];
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  #unavailable = (): never => {
    throw new Problem('unsupported', 'this agent has a journal and nothing else');
  };

  async start(): Promise<void> {
    const publicKey = readPublicKey(this.#options.publicKeyPem);
    const others = new Proxy({}, { get: () => this.#unavailable });
    const router = createRouter<AgentContract, { statement: string | undefined }>(
      agentContract,
      {
        container: others as never,
        cgroup: others as never,
        namespace: others as never,
        lab: others as never,
        event: others as never,
        host: {
          doctor: () => ({ at: new Date().toISOString(), checks: [] }),
          info: () => this.#options.hostInfo,
          use: this.#unavailable,
        },
        ledger: { meter: () => ({ metered: [] }) },
        journal: {
          pull: async ({ input }) => {
            this.pulls.push(input.after);
            await this.at.pull?.();
            const waiting = this.#entries.filter(({ seq }) => seq > input.after);
            return { entries: waiting.slice(0, input.limit), lastSeq: this.#lastSeq, acknowledgedSeq: this.acknowledgedSeq };
          },
          acknowledge: async ({ input }) => {
            await this.at.acknowledge?.();
            this.acknowledgedSeq = Math.max(this.acknowledgedSeq, Math.min(input.seq, this.#lastSeq));
            // What is acknowledged is gone for good, so that a cursor which moved too early shows as a loss.
            this.#entries = this.#entries.filter(({ seq }) => seq > this.acknowledgedSeq);
            await this.at.acknowledged?.();
            return {};
          },
          flush: this.#unavailable,
        },
      },
      {
        authenticate: ({ context, path, rawInput }) => {
          const statement = openStatement(context.statement ?? '', publicKey);
          const isFresh = !this.usedStatements.has(statement.jti) && statement.expiresAtMsec > Date.now();
          if (
            !isFresh ||
            statement.audience !== this.#options.hostInfo.hostId ||
            statement.procedure !== path ||
            statement.inputHash !== hashInput(rawInput)
          )
            throw new Problem('unauthenticated', 'the statement is not for this call');
          this.usedStatements.add(statement.jti);
          return { subject: statement.subject, role: statement.role, tenants: 'all' };
        },
        onFailure: () => undefined,
      },
    );
    const handler = createHTTPHandler({
      router,
      createContext: ({ req }) => ({ statement: req.headers[statementHeader]?.toString() }),
    });
    const server = createServer(handler);
    this.#server = server;
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(this.#options.socketPath, resolve));
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
    this.#server = undefined;
  }
}
