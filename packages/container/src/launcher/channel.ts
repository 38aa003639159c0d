import { type Fd, hasErrno, memfd_create, readText, receiveMessage, sendMessage, writeAll } from '@bulkhead/kernel';
import type { z } from 'zod';
import { failureBytes } from '../init/prologue.ts';
import { inlineMessageBytes } from './protocol.ts';

const received = Buffer.alloc(65_536);
/** First byte of a message whose text is in a memfd, its last descriptor. JSON never begins with it. */
const inMemfd = Buffer.from([0x01]);

/** Sends one message of the protocol. @returns false where the peer does not take it now */
export function send(socket: Fd, message: object, fds: readonly Fd[] = []): boolean {
  const text = Buffer.from(JSON.stringify(message));
  if (text.length <= inlineMessageBytes) return sendMessage(socket, text, fds);
  using file = memfd_create('message');
  writeAll(file, text);
  return sendMessage(socket, inMemfd, [...fds, file]);
}

/** A peer that died with a message unread resets the connection once; what it had said before can still be read after that. */
function receiveAfterReset(socket: Fd): ReturnType<typeof receiveMessage> {
  try {
    return receiveMessage(socket, received);
  } catch (failure) {
    if (!hasErrno(failure, 'ECONNRESET')) throw failure;
    return receiveMessage(socket, received);
  }
}

function receiveText(socket: Fd): { text: string; fds: Fd[] } | 'end' | undefined {
  const item = receiveAfterReset(socket);
  if (item === undefined) return undefined;
  if (item.data.length === 0) return 'end';
  if (item.data[0] !== inMemfd[0]) return { text: item.data.toString('utf8'), fds: item.fds };
  using file = item.fds.pop();
  if (file === undefined) throw new Error('message announced a memfd and brought none');
  return { text: readText(file), fds: item.fds };
}

/**
 * Receives one message of the protocol and checks its form; a message of another form says what was expected.
 *
 * @returns undefined where nothing waits, 'end' at the end of the connection
 */
export function receive<S extends z.ZodType>(socket: Fd, schema: S): { message: z.output<S>; fds: Fd[] } | 'end' | undefined {
  const item = receiveText(socket);
  if (item === undefined || item === 'end') return item;
  const parsed = schema.safeParse(JSON.parse(item.text));
  if (!parsed.success) {
    for (const fd of item.fds) fd[Symbol.dispose]();
    const why = parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`).join('; ');
    throw new Error(`unexpected message ${item.text.slice(0, 200)}: ${why}`);
  }
  return { message: parsed.data, fds: item.fds };
}

/** What a child says of itself, or the end of its channel; undefined where it has said nothing more. */
export type ChildReport = { type: 'ready'; terminal: Fd | undefined } | { type: 'failed'; errno: number } | { type: 'end' };

/** Receives what a child says: that it is ready, perhaps with its terminal's master, or that a call failed. */
export function receiveReport(socket: Fd): ChildReport | undefined {
  const item = receiveAfterReset(socket);
  if (item === undefined) return undefined;
  if (item.data.length === 0) return { type: 'end' };
  // The record that failed, and its errno: a child that a launcher of another build forked is known by the errno alone.
  if (item.data.length === failureBytes) return { type: 'failed', errno: item.data.readInt32LE(8) };
  const [terminal, ...others] = item.fds;
  for (const fd of others) fd[Symbol.dispose]();
  return { type: 'ready', terminal };
}

/** Tells a child that it may go on. A child that is gone hears nothing; its report or its exit tells. */
export function sendWord(socket: Fd, word: 'mapped' | 'start'): void {
  try {
    sendMessage(socket, Buffer.from(word, 'latin1'));
  } catch (failure) {
    if (!hasErrno(failure, 'EPIPE', 'ECONNRESET')) throw failure;
  }
}

/** Gives a waiting sandbox the descriptors of the container that it becomes. */
export function sendDescriptors(socket: Fd, fds: readonly Fd[]): void {
  if (!sendMessage(socket, Buffer.from('given', 'latin1'), fds)) throw new Error('the sandbox does not listen');
}
