import { Problem, type ProblemCode, type ToldProblem } from '@bulkhead/model';
import { TRPCError } from '@trpc/server';

/** What an error carries to a client beside its message. */
export interface ErrorData {
  problem: ProblemCode;
  remedy?: string;
  /** Name of the errno behind it, where the kernel said no. */
  errno?: string;
  /** What it says as codes, for who reads another language than English. */
  told?: ToldProblem;
  /** Finds the log line. */
  reference?: string;
}

const trpcCodes = {
  invalid: 'BAD_REQUEST',
  unauthenticated: 'UNAUTHORIZED',
  forbidden: 'FORBIDDEN',
  'not-found': 'NOT_FOUND',
  conflict: 'CONFLICT',
  exhausted: 'TOO_MANY_REQUESTS',
  unsupported: 'PRECONDITION_FAILED',
  unavailable: 'SERVICE_UNAVAILABLE',
  internal: 'INTERNAL_SERVER_ERROR',
} as const satisfies Record<ProblemCode, TRPCError['code']>;

const problemCodes = new Map<string, ProblemCode>(Object.entries(trpcCodes).map(([problem, code]) => [code, problem as ProblemCode]));

/** The one place where a failure becomes an answer. Anything but a Problem is `internal`, its cause kept for the log alone. */
export function toTRPCError(failure: unknown): TRPCError {
  if (failure instanceof TRPCError) return failure;
  if (failure instanceof Problem) return new TRPCError({ code: trpcCodes[failure.code], message: failure.message, cause: failure });
  return new TRPCError({ code: 'INTERNAL_SERVER_ERROR', message: 'internal error', cause: failure });
}

/** Reads the problem back out of the answer's tRPC code, for errors that tRPC raised itself (a schema that refused, say). */
export function problemCodeOf(trpcCode: string): ProblemCode {
  return problemCodes.get(trpcCode) ?? 'internal';
}
