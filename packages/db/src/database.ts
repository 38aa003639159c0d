import { Problem, TenantId } from '@bulkhead/model';
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from './generated/client.ts';
import type { TransactionClient } from './generated/internal/prismaNamespace.ts';

/** Whose rows a query may touch. */
export type TenantScope = 'all' | readonly TenantId[];

/** A transaction that row-level security holds to one scope. */
export type Transaction = TransactionClient;

export interface Database {
  /** Prisma's own client, for better-auth's adapter alone: everything else goes through a scope. */
  readonly client: PrismaClient;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface DatabaseOptions {
  /** Shown by pg_stat_activity. */
  applicationName?: string;
  maxConnections?: number;
  /** Told of a pooled connection that broke while idle; the pool replaces it. */
  onConnectionError?: (failure: Error) => void;
}

/** Opens no connection yet: the first query does. */
export function createDatabase(url: string, options: DatabaseOptions = {}): Database {
  const ignore = () => undefined;
  const adapter = new PrismaPg(
    {
      connectionString: url,
      max: options.maxConnections ?? 5,
      application_name: options.applicationName ?? 'bulkhead',
      connectionTimeoutMillis: 10_000,
      idleTimeoutMillis: 60_000,
      statement_timeout: 60_000,
      idle_in_transaction_session_timeout: 60_000,
    },
    { onPoolError: options.onConnectionError ?? ignore, onConnectionError: options.onConnectionError ?? ignore },
  );
  const client = new PrismaClient({ adapter, errorFormat: 'minimal' });
  const close = async (): Promise<void> => client.$disconnect();
  return { client, close, [Symbol.asyncDispose]: close };
}

/** The setting that the policies read (prisma/migrations). */
function scopeSetting(scope: TenantScope): string {
  if (scope === 'all') return '*';
  return scope.map((tenantId) => TenantId.parse(tenantId)).join(',');
}

// What says that the server is away, starting or stopping: errno of the socket, SQLSTATE class 08 and 57P, and Prisma's own codes.
const awayCodes = /^(ECONNREFUSED|ECONNRESET|ENOENT|EPIPE|ETIMEDOUT|ENOTFOUND|08\w{3}|57P0\d|P1001|P1002|P1008|P1017|P2024|P2028)$/;
const awayWords = /connection terminated|server closed the connection|timeout exceeded when trying to connect|connection timeout/i;

export interface DriverFailure {
  originalCode?: string;
  originalMessage?: string;
  kind?: string;
}

/** What the driver said, which Prisma keeps beside its own code. */
export function driverFailureOf(failure: Error): DriverFailure | undefined {
  const meta = 'meta' in failure ? (failure.meta as { driverAdapterError?: { cause?: DriverFailure } } | undefined) : undefined;
  return meta?.driverAdapterError?.cause;
}

/** True where trying again later may help. */
export function isDatabaseAway(failure: unknown): boolean {
  for (let cause = failure, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth += 1) {
    if (cause instanceof Problem && cause.code === 'unavailable') return true;
    if ('code' in cause && typeof cause.code === 'string' && awayCodes.test(cause.code)) return true;
    if (awayWords.test(cause.message)) return true;
    const { originalCode = '', kind = '' } = driverFailureOf(cause) ?? {};
    if (awayCodes.test(originalCode) || /^(DatabaseNotReachable|ConnectionClosed|SocketTimeout|TlsConnectionError)$/.test(kind))
      return true;
  }
  return false;
}

/** Which kind of constraint refused a change, where one of the two that our triggers raise did (SQLSTATE 23P01, 23514). */
export function driverConstraintOf(failure: unknown): 'exclusion' | 'check' | undefined {
  const code = failure instanceof Error ? driverFailureOf(failure)?.originalCode : undefined;
  return code === '23P01' ? 'exclusion' : code === '23514' ? 'check' : undefined;
}

/** True where a row of the same key was there. */
export function isUniqueViolation(failure: unknown): boolean {
  return failure instanceof Error && driverFailureOf(failure)?.originalCode === '23505';
}

/**
 * Runs queries in one transaction in which only rows of the scope exist, for reading and writing alike. Throws
 * Problem `unavailable` where the server is away; other failures as they are.
 */
export async function inScope<T>(database: Database, scope: TenantScope, work: (transaction: Transaction) => Promise<T>): Promise<T> {
  const setting = scopeSetting(scope);
  try {
    return await database.client.$transaction(
      async (transaction) => {
        await transaction.$executeRaw`SELECT set_config('bulkhead.tenants', ${setting}, true)`;
        return await work(transaction);
      },
      { maxWait: 10_000, timeout: 60_000 },
    );
  } catch (failure) {
    if (failure instanceof Problem || !isDatabaseAway(failure)) throw failure;
    throw new Problem('unavailable', 'the database is away', { remedy: 'it is being restarted; try again', cause: failure });
  }
}
