import { isatty } from 'node:tty';
import { printError } from '../output/print.ts';

/** Tells what is being done: on a terminal one line that renews itself, elsewhere a line each. */
export class Progress {
  readonly #isTerminal = isatty(2);
  #isOpen = false;

  step(text: string): void {
    if (this.#isTerminal) {
      printError(`\r\x1b[K  ${text} …`);
      this.#isOpen = true;
    } else printError(`bulkhead: ${text}\n`);
  }

  /** Something to know that stays on the screen. */
  note(text: string): void {
    this.done();
    printError(`bulkhead: ${text}\n`);
  }

  done(): void {
    if (this.#isOpen) printError('\r\x1b[K');
    this.#isOpen = false;
  }
}
