import { type Fd, hasErrno, memfd_create, readText, receiveMessage, sendMessage, writeAll } from '@bulkhead/kernel';
import type { z } from 'zod';
import { type Assignment, inlineMessageBytes } from './protocol.ts';

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

/** Waits, in a forked child, for one word of its launcher; the end of the connection means that the launcher gave it up or died. */
export function receiveWord(socket: Fd, word: 'mapped' | 'start'): void {
  const item = receiveMessage(socket, received);
  const found = item?.data.toString('latin1');
  if (found !== word) throw new Error(`received "${found ?? ''}", expected "${word}"`);
}

/** Tells a forked child its word. A child that is gone hears nothing; its report or its exit tells. */
export function sendWord(socket: Fd, word: 'mapped' | 'start'): void {
  try {
    sendMessage(socket, Buffer.from(word, 'latin1'));
  } catch (failure) {
    if (!hasErrno(failure, 'EPIPE', 'ECONNRESET')) throw failure;
  }
}

/** Tells a waiting sandbox which container it becomes. */
export function sendAssignment(socket: Fd, assignment: Assignment, fds: readonly Fd[]): void {
  send(socket, assignment, fds);
}

/** Waits, in a forked child, for its assignment. It comes from the launcher, which has checked it: no second check costs time here. */
export function receiveAssignment(socket: Fd): { assignment: Assignment; fds: Fd[] } {
  const item = receiveText(socket);
  if (item === undefined || item === 'end') throw new Error('the launcher gave this sandbox up');
  return { assignment: JSON.parse(item.text) as Assignment, fds: item.fds };
}
