import { chmodSync, rmSync } from 'node:fs';
import {
  AF_UNIX,
  accept4,
  bindUnix,
  connectUnix,
  type Fd,
  hasErrno,
  listen,
  peerCredentials,
  poll,
  SOCK_NONBLOCK,
  SOCK_SEQPACKET,
  socket,
} from '@bulkhead/kernel';
import { receive, send } from './channel.ts';
import { type Reply, Request } from './protocol.ts';

/** Messages that wait for a slow agent; beyond, the connection is cut and the agent asks anew. */
const maxQueuedMessages = 10_000;
/** Requests taken in one turn of the event loop, so that a busy agent does not keep exits waiting. */
const requestsPerTurn = 64;
const retryMsec = 5;

interface Connection {
  socket: Fd;
  queue: { message: Reply; fds: Fd[] }[];
}

export interface AgentLinkOptions {
  socketPath: string;
  log(line: object): void;
  /** The descriptors are the callee's, to dispose. */
  onRequest(request: Request, fds: Fd[]): void;
  /** The agent went away. */
  onDropped(): void;
}

/**
 * The launcher's socket and the one agent that talks through it. A new connection replaces the old one, which can only
 * be a dead agent's.
 */
export class AgentLink {
  readonly #options: AgentLinkOptions;
  #listener: Fd | undefined;
  #connection: Connection | undefined;

  constructor(options: AgentLinkOptions) {
    this.#options = options;
  }

  get listener(): Fd | undefined {
    return this.#listener;
  }

  get connection(): Fd | undefined {
    return this.#connection?.socket;
  }

  /** Listens; a socket that another launcher answers on is left to it. */
  open(): void {
    const { socketPath } = this.#options;
    const probe = socket(AF_UNIX, SOCK_SEQPACKET);
    try {
      connectUnix(probe, socketPath);
      throw new Error(`another launcher serves ${socketPath}`);
    } catch (failure) {
      if (!hasErrno(failure, 'ENOENT', 'ECONNREFUSED')) throw failure;
    } finally {
      probe[Symbol.dispose]();
    }
    rmSync(socketPath, { force: true });
    const listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK);
    bindUnix(listener, socketPath);
    chmodSync(socketPath, 0o600);
    listen(listener, 4);
    this.resume(listener, undefined);
  }

  /** Goes on with what the program before an execve of this process had open. */
  resume(listener: Fd, connection: Fd | undefined): void {
    this.#listener = listener;
    poll(listener, { readable: true }, () => {
      for (;;) {
        const accepted = accept4(listener, SOCK_NONBLOCK);
        if (accepted === undefined) return;
        if (peerCredentials(accepted).uid !== 0) accepted[Symbol.dispose]();
        else this.#serve(accepted);
      }
    });
    if (connection !== undefined) this.#serve(connection);
  }

  #serve(connection: Fd): void {
    this.#drop();
    this.#connection = { socket: connection, queue: [] };
    poll(connection, { readable: true, disconnect: true }, () => {
      try {
        this.#flush();
        for (let turn = 0; turn < requestsPerTurn && !connection.closed; turn += 1) {
          const item = receive(connection, Request);
          if (item === undefined) return;
          if (item === 'end') {
            if (this.#connection?.socket === connection) this.#drop();
            return;
          }
          this.#options.onRequest(item.message, item.fds);
        }
      } catch (failure) {
        this.#options.log({ level: 'error', message: failure instanceof Error ? failure.message : String(failure) });
        if (this.#connection?.socket === connection) this.#drop();
      }
    });
  }

  #drop(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection === undefined) return;
    this.#options.onDropped();
    for (const item of connection.queue) for (const fd of item.fds) fd[Symbol.dispose]();
    connection.socket[Symbol.dispose]();
  }

  /** Sends, or queues while the agent is busy. Descriptors given are disposed once they are on their way. */
  post(message: Reply, fds: Fd[] = []): void {
    const connection = this.#connection;
    if (connection === undefined) {
      for (const fd of fds) fd[Symbol.dispose]();
      return;
    }
    if (connection.queue.length >= maxQueuedMessages) {
      this.#drop();
      return;
    }
    connection.queue.push({ message, fds });
    this.#flush();
  }

  #flush(): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    try {
      for (let item = connection.queue[0]; item !== undefined; item = connection.queue[0]) {
        if (!send(connection.socket, item.message, item.fds)) {
          setTimeout(() => this.#flush(), retryMsec);
          return;
        }
        connection.queue.shift();
        for (const fd of item.fds) fd[Symbol.dispose]();
      }
    } catch (failure) {
      if (!hasErrno(failure, 'EPIPE', 'ECONNRESET')) this.#options.log({ level: 'error', message: String(failure) });
      this.#drop();
    }
  }
}
