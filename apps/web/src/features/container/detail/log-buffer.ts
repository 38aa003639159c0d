import type { OutputItem } from '@bulkhead/api';

type Stream = 'stdout' | 'stderr';

export interface LogLine {
  number: number;
  stream: Stream;
  text: string;
  /** Set where output was lost here, with its size in bytes. */
  dropped?: number;
}

const longestLine = 10_000;
const escapeCode = String.fromCharCode(0x1b);
const bell = String.fromCharCode(0x07);
// ECMA-48: control sequences (colours and the like), operating system commands, lone escapes; then all other controls.
const controls = new RegExp(
  `${escapeCode}\\[[0-?]*[ -/]*[@-~]|${escapeCode}\\][^${bell}${escapeCode}]*(?:${bell}|${escapeCode}\\\\)|${escapeCode}[@-_]|(?!\\t)\\p{Cc}`,
  'gu',
);

function decodeBase64(data: string): Uint8Array {
  const binary = atob(data);
  const bytes = new Uint8Array(binary.length);
  for (let index = 0; index < binary.length; index += 1) bytes[index] = binary.charCodeAt(index);
  return bytes;
}

/** Makes lines of pieces of output, however they are cut, and keeps the last of them. */
export class LogBuffer {
  readonly #limit: number;
  readonly #decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  readonly #open: Record<Stream, string> = { stdout: '', stderr: '' };
  #lines: LogLine[] = [];
  #count = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(item: Exclude<OutputItem, { type: 'exit' }>): void {
    if (item.type === 'dropped') {
      this.#push({ stream: 'stdout', text: '', dropped: item.bytes });
      return;
    }
    const { stream } = item;
    const parts = (this.#open[stream] + this.#decoders[stream].decode(decodeBase64(item.data), { stream: true })).split(/\r?\n/);
    this.#open[stream] = (parts.pop() ?? '').slice(-longestLine);
    for (const text of parts) this.#push({ stream, text });
  }

  /** Whole lines, and at the end those that are still being written. */
  lines(): LogLine[] {
    const open = (['stdout', 'stderr'] as const).filter((stream) => this.#open[stream] !== '');
    return [...this.#lines, ...open.map((stream, index) => ({ number: this.#count + index, stream, text: clean(this.#open[stream]) }))];
  }

  #push(line: Omit<LogLine, 'number'>): void {
    this.#lines.push({ ...line, text: clean(line.text), number: this.#count });
    this.#count += 1;
    if (this.#lines.length > this.#limit * 1.5) this.#lines = this.#lines.slice(-this.#limit);
  }
}

/** What a terminal would show: colours gone, and of a line written over with carriage returns the last writing. */
function clean(text: string): string {
  const last = text.split('\r').findLast((part) => part !== '') ?? '';
  return last.replace(controls, '').slice(0, longestLine);
}
