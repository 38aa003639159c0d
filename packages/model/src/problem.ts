import type { ToldText } from './told-text.ts';

/** Kinds of failure that cross a boundary; each has one HTTP status and one exit code at the edge. */
export type ProblemCode =
  /** The input is wrong: a person can mend it. */
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  /** A name or state is in the way. */
  | 'conflict'
  /** A quota, limit or bound is reached. */
  | 'exhausted'
  /** This kernel or host cannot do it. */
  | 'unsupported'
  /** A part is down or restarting: try again. */
  | 'unavailable'
  | 'internal';

/** What a failure says as codes of a catalogue, for who reads another language than English. */
export interface ToldProblem {
  what: ToldText;
  remedy?: ToldText | undefined;
}

/**
 * A failure told to people: what happened, and where there is one, what to do. The cause keeps the original error (a
 * SyscallError, say) for logs.
 */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly remedy: string | undefined;
  /** The same as codes; absent where it has none. */
  readonly told: ToldProblem | undefined;
  constructor(code: ProblemCode, message: string, options: { remedy?: string; told?: ToldProblem; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Problem';
    this.code = code;
    this.remedy = options.remedy;
    this.told = options.told;
  }
}
