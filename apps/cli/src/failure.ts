import { Problem } from '@bulkhead/model';
import { TRPCClientError } from '@trpc/client';
import { notRunning } from './instance/locate.ts';
import { printError } from './output/print.ts';

/** Ends the program with this code and nothing more to say: a container's own exit code, say. */
export class ExitRequest extends Error {
  readonly exitCode: number;
  constructor(exitCode: number) {
    super(`exit ${exitCode}`);
    this.name = 'ExitRequest';
    this.exitCode = exitCode;
  }
}

/** How a field of the input is called on the command line. */
const optionsByField: Record<string, string> = {
  name: '--name',
  email: '--email',
  user: 'the user',
  image: '--image',
  tenantId: '--tenant',
  'limits.memoryMaxBytes': '--memory',
  'limits.cpuMaxMillis': '--cpus',
  'limits.cpuWeight': '--cpu-weight',
  'limits.pidsMax': '--pids',
  cwd: '--workdir',
  'user.uid': '--user',
  'user.gid': '--user',
  hostname: '--hostname',
  args: 'the command',
  env: '--env',
  timeoutSeconds: '--time',
  signal: '--signal',
  seconds: '--seconds',
  container: 'the container',
  path: 'the path',
  month: '--month',
  number: 'the number',
  amount: 'the amount',
  reason: '--reason',
  'override.reason': '--override',
  payment: '--payment',
  currency: '--currency',
  zone: '--zone',
  taxRate: '--tax-rate',
  series: '--series',
};

/** Says `--memory: ...` where an answer says `limits.memoryMaxBytes: ...`. */
export function nameOptions(message: string): string {
  return message
    .split('; ')
    .map((part) => {
      const found = /^([A-Za-z.]+?)(?:\.\d+)?: (.*)$/s.exec(part);
      const option = found?.[1] === undefined ? undefined : optionsByField[found[1]];
      return option === undefined ? part : `${option}: ${found?.[2] ?? ''}`;
    })
    .join('; ');
}

interface AnswerData {
  problem?: Problem['code'];
  remedy?: string;
  reference?: string;
}

function fromClientError(failure: TRPCClientError<never>): Problem {
  const data = failure.data as AnswerData | undefined | null;
  if (data?.problem !== undefined) {
    const reference = data.problem === 'internal' && data.reference !== undefined ? ` (reference ${data.reference})` : '';
    const remedy = data.remedy ?? (data.problem === 'internal' ? 'the log tells more: ./bulkhead service logs agent' : undefined);
    return new Problem(data.problem, `${nameOptions(failure.message)}${reference}`, {
      cause: failure,
      ...(remedy === undefined ? {} : { remedy }),
    });
  }
  const cause = failure.cause as NodeJS.ErrnoException | undefined;
  switch (cause?.code) {
    case 'ENOENT':
    case 'ECONNREFUSED':
      return notRunning();
    case 'EACCES':
      return new Problem('forbidden', 'the socket of bulkhead is closed to you', { remedy: 'run this as root', cause });
    default:
      return new Problem('unavailable', `bulkhead does not answer: ${failure.message}`, {
        remedy: 'try again; ./bulkhead status tells what runs',
        cause,
      });
  }
}

/** Whatever was thrown, as something to tell people. */
export function toProblem(failure: unknown): Problem {
  if (failure instanceof Problem) return failure;
  if (failure instanceof TRPCClientError) return fromClientError(failure);
  const { code, message } = failure as NodeJS.ErrnoException;
  if (code === 'ENOSPC') return new Problem('exhausted', `the disk is full: ${message}`, { remedy: 'free some space, then try again' });
  return new Problem('internal', message ?? String(failure), { cause: failure });
}

export const isNotFound = (failure: unknown): boolean => toProblem(failure).code === 'not-found';

/** 2 where the person can mend what was typed, 1 for everything else. */
export const exitCodeOfProblem = (problem: Problem): number => (problem.code === 'invalid' ? 2 : 1);

/** Tells a failure on stderr, in one line (and one for the remedy), and gives the exit code. */
export function reportFailure(failure: unknown): number {
  if (failure instanceof ExitRequest) return failure.exitCode;
  const problem = toProblem(failure);
  printError(`bulkhead: ${problem.message}\n${problem.remedy === undefined ? '' : `  ${problem.remedy}\n`}`);
  return exitCodeOfProblem(problem);
}
