import { pino } from 'pino';

/** JSON lines to standard output; the supervisor keeps and bounds them. */
export const createLog = () => pino({ base: { service: 'agent' }, timestamp: pino.stdTimeFunctions.isoTime });
export type Log = Pick<ReturnType<typeof createLog>, 'info' | 'warn' | 'error' | 'fatal'>;

/** A failure with everything behind it, in one line. */
export function explain(failure: unknown): string {
  const parts: string[] = [];
  for (let each = failure; each !== undefined && parts.length < 5; each = each instanceof Error ? each.cause : undefined)
    parts.push(each instanceof Error ? each.message : String(each));
  return [...new Set(parts)].join(': ');
}
