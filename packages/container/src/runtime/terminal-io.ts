import { F_SETFL, type Fd, fcntl, O_NONBLOCK, O_RDWR, O_WRONLY, write } from '@bulkhead/kernel';
import { Problem } from '@bulkhead/model';
import { resizeTerminal } from '../init/terminal.ts';
import type { LauncherClient } from '../launcher/client.ts';

const pauseMsec = 5;
/** A reader that takes nothing for so long has its input refused, so that no request waits for ever. */
const patienceMsec = 10_000;
/** End of transmission, what Ctrl-D sends. */
const endOfTransmission = Buffer.from([4]);

/** What a client can write to. */
export interface Input {
  stdin: Fd | undefined;
  terminal: Fd | undefined;
}

/** Asks the launcher for the writing ends of a process. */
export async function openInput(launcher: LauncherClient, name: { id: string; execId?: string }): Promise<Input> {
  const { message, fds } = await launcher.ask({ type: 'attach', ...name }, 'attached');
  const stdin = message.stdin ? fds.shift() : undefined;
  const terminal = message.terminal ? fds.shift() : undefined;
  if (stdin !== undefined) fcntl(stdin, F_SETFL, O_WRONLY | O_NONBLOCK);
  if (terminal !== undefined) fcntl(terminal, F_SETFL, O_RDWR | O_NONBLOCK);
  return { stdin, terminal };
}

async function writeAllOf(fd: Fd, data: Buffer): Promise<void> {
  const deadline = performance.now() + patienceMsec;
  for (let offset = 0; offset < data.length; ) {
    const count = write(fd, data.subarray(offset));
    if (count !== undefined) {
      offset += count;
      continue;
    }
    if (performance.now() > deadline) throw new Problem('unavailable', 'the process does not read its input');
    await new Promise((resolve) => setTimeout(resolve, pauseMsec));
  }
}

/** Writes to standard input or to the terminal; `end` closes the one and sends Ctrl-D to the other. */
export async function writeInput(
  input: Input,
  launcher: LauncherClient,
  name: { id: string; execId?: string },
  data: Buffer,
  end: boolean,
): Promise<void> {
  if (input.terminal !== undefined) {
    await writeAllOf(input.terminal, end ? Buffer.concat([data, endOfTransmission]) : data);
    return;
  }
  if (input.stdin === undefined) throw new Problem('conflict', 'its standard input is not open', { remedy: 'run it with -i or -t' });
  await writeAllOf(input.stdin, data);
  if (!end) return;
  input.stdin[Symbol.dispose]();
  input.stdin = undefined;
  await launcher.ask({ type: 'close-stdin', ...name }, 'done');
}

export function resizeInput(input: Input, size: { columns: number; rows: number }): void {
  if (input.terminal === undefined) throw new Problem('conflict', 'it has no terminal');
  resizeTerminal(input.terminal, size);
}
