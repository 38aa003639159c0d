import { format, stripVTControlCharacters } from 'node:util';
import { type Logger, pino } from 'pino';

/** JSON lines on standard output, which the supervisor keeps. Nothing that opens a door may stand in them. */
export function createLog(version: string): Logger {
  return pino({
    base: { service: 'web', version },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: ['token', 'password', '*.token', '*.password', '*.cookie', '*.authorization'], censor: '[redacted]' },
  });
}

/** What libraries print becomes lines of the same form: Next tells of failed pages on the console alone. */
export function captureConsole(log: Logger): void {
  const write =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (...parts: unknown[]) =>
      log[level]({ part: 'console' }, stripVTControlCharacters(format(...parts)).trim());
  Object.assign(console, { debug: write('debug'), log: write('info'), info: write('info'), warn: write('warn'), error: write('error') });
  process.removeAllListeners('warning');
  process.on('warning', (warning) => log.info({ part: 'node', code: warning.name }, warning.message));
}
