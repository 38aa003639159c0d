import { writeSync } from 'node:fs';

/**
 * Writes text to a standard stream at once. Node's own stream objects cost several ms to set up and may lose what is
 * still queued when the program ends.
 */
function writeAll(descriptor: 1 | 2, content: string | Buffer): void {
  let rest = typeof content === 'string' ? Buffer.from(content) : content;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (failure) {
      const { code } = failure as NodeJS.ErrnoException;
      // Somebody made the pipe non-blocking and reads slowly.
      if (code === 'EAGAIN') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
      // Nobody reads any more (`| head`): nothing left to say to anybody.
      else if (code === 'EPIPE') process.exit(descriptor === 1 ? 0 : 1);
      else throw failure;
    }
  }
}

export const print = (content: string | Buffer): void => writeAll(1, content);
export const printError = (content: string | Buffer): void => writeAll(2, content);
export const printJson = (value: unknown): void => print(`${JSON.stringify(value, null, 2)}\n`);
