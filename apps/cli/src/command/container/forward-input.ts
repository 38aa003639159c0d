import type { Attachment } from './attachment.ts';
import { sendTerminalSize } from './terminal-size.ts';

export interface InputForwarding {
  /** Gives the terminal back. */
  stop(): void;
}

/** base64 of this many bytes fits the contract's bound. */
const pieceBytes = 49_152;

/** Passes standard input and the terminal's size on, as far as the process was started with them. */
export function forwardInput(attachment: Attachment): InputForwarding {
  const { client, container, execId, terminal, stdin } = attachment;
  const target = { container, ...(execId === undefined ? {} : { execId }) };
  const isRaw = terminal && stdin && process.stdin.isTTY === true;
  let isStopped = false;

  const sendSize = () => void sendTerminalSize(client, target);
  if (terminal) {
    sendSize();
    process.stdout.on('resize', sendSize);
  }

  const send = async () => {
    for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
      for (let at = 0; at < chunk.length; at += pieceBytes) {
        if (isStopped) return;
        await client.container.input.mutate({ ...target, data: chunk.subarray(at, at + pieceBytes).toString('base64') });
      }
    }
    if (!terminal) await client.container.input.mutate({ ...target, data: '', end: true });
  };
  if (stdin) {
    if (isRaw) process.stdin.setRawMode(true);
    // A process that ended or closed its input is told by its exit status, not here.
    send().catch(() => {});
  }

  return {
    stop() {
      isStopped = true;
      if (isRaw) process.stdin.setRawMode(false);
      process.stdout.off('resize', sendSize);
      if (stdin) process.stdin.destroy();
    },
  };
}
