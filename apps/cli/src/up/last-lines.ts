const keptLines = 40;

interface JsonLine {
  /** pino's number, or a word. */
  level?: number | string;
  msg?: string;
  message?: string;
  err?: { message?: string };
}

/** Error and fatal: 50 and 60 of pino. */
const isError = (level: number | string | undefined): boolean =>
  typeof level === 'number' ? level >= 50 : level === 'error' || level === 'fatal';

function readJson(line: string): JsonLine | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as JsonLine;
  } catch {
    return undefined;
  }
}

/** The end of a program's output, to tell why it ended. */
export class LastLines {
  #lines: string[] = [];
  #open = '';

  push(chunk: Buffer): void {
    const parts = (this.#open + chunk.toString('utf8')).split('\n');
    this.#open = (parts.pop() ?? '').slice(-4096);
    this.#lines = [...this.#lines, ...parts].slice(-keptLines);
  }

  clear(): void {
    this.#lines = [];
    this.#open = '';
  }

  /** The line that most likely names the cause, in one line; undefined where nothing was said. */
  explain(): string | undefined {
    const lines = [...this.#lines, this.#open].map((line) => line.trim()).filter((line) => line !== '');
    const failures = lines.flatMap((line) => {
      const json = readJson(line);
      if (json !== undefined) {
        const text = [json.msg ?? json.message, json.err?.message].filter((part) => part !== undefined && part !== '').join(': ');
        return isError(json.level) && text !== '' ? [text] : [];
      }
      // PostgreSQL's severities, and what Node prints of an uncaught error.
      return /\b(?:FATAL|PANIC|ERROR):|^\w*(?:Error|Problem)\b.*: |^(?:migration|launcher|agent|web|collector|bulkhead[\w-]*): /.test(line)
        ? [line]
        : [];
    });
    const chosen = failures.at(-1) ?? lines.filter((line) => readJson(line) === undefined && !/^at |^Node\.js v/.test(line)).at(-1);
    return chosen?.slice(0, 500);
  }
}
