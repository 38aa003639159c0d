import { print } from '../../output/print.ts';

/** Lines that stay, and below them some that are drawn anew in place; on what is no terminal the former alone. */
export class Screen {
  readonly #isTerminal: boolean;
  readonly #write: (text: string) => void;
  #below: readonly string[] = [];

  constructor({ isTerminal, write = print }: { isTerminal: boolean; write?: (text: string) => void }) {
    this.#isTerminal = isTerminal;
    this.#write = write;
  }

  /** Takes the cursor up to the first line that is drawn anew, and clears from there. */
  #back(): string {
    return this.#below.length === 0 ? '' : `\x1b[${this.#below.length}A\x1b[J`;
  }

  line(text: string): void {
    this.#write(`${this.#back()}${text}\n${this.#below.map((each) => `${each}\n`).join('')}`);
  }

  /** Draws these lines in the place of those before. */
  draw(lines: readonly string[]): void {
    if (!this.#isTerminal) return;
    this.#write(`${this.#back()}${lines.map((each) => `${each}\n`).join('')}`);
    this.#below = lines;
  }
}
