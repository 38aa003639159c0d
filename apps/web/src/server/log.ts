import { type Logger, pino } from 'pino';

/** JSON lines on standard output, which the supervisor keeps. Nothing that opens a door may stand in them. */
export function createLog(version: string): Logger {
  return pino({
    base: { service: 'web', version },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: ['token', 'password', '*.token', '*.password', '*.cookie', '*.authorization'], censor: '[redacted]' },
  });
}
