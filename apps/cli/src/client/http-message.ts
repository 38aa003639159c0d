/**
 * Just enough HTTP/1.1 to talk to our own servers over a unix socket: one request a connection, chunked answers.
 * Node's own client costs 35 ms to load, more than everything else in `ps` together.
 */
import { connect, type Socket } from 'node:net';

export interface HttpAnswer {
  status: number;
  /** Names in lower case. */
  headers: ReadonlyMap<string, string>;
  body: AsyncGenerator<Buffer, void, undefined>;
}

export interface HttpRequest {
  socketPath: string;
  method: 'GET' | 'POST';
  /** Path and query. */
  target: string;
  headers?: Record<string, string>;
  body?: string;
  signal?: AbortSignal | undefined;
}

const maximumHeadBytes = 64 * 1024;

class ByteQueue {
  #pending: Buffer = Buffer.alloc(0);
  readonly #source: AsyncIterator<Buffer>;

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Whatever is there next; undefined at the end. */
  async take(limit = Number.POSITIVE_INFINITY): Promise<Buffer | undefined> {
    if (this.#pending.length === 0) {
      const next = await this.#source.next();
      if (next.done === true) return undefined;
      this.#pending = next.value;
    }
    const taken = this.#pending.subarray(0, Math.min(limit, this.#pending.length));
    this.#pending = this.#pending.subarray(taken.length);
    return taken;
  }

  /** Up to and without the mark. */
  async takeUntil(mark: string): Promise<string> {
    for (;;) {
      const at = this.#pending.indexOf(mark);
      if (at >= 0) {
        const text = this.#pending.subarray(0, at).toString('latin1');
        this.#pending = this.#pending.subarray(at + mark.length);
        return text;
      }
      if (this.#pending.length > maximumHeadBytes) throw new Error('the answer has no end of its header');
      const next = await this.#source.next();
      if (next.done === true) throw new Error('the connection ended in the middle of an answer');
      this.#pending = Buffer.concat([this.#pending, next.value]);
    }
  }
}

async function* readBody(queue: ByteQueue, headers: ReadonlyMap<string, string>, socket: Socket): AsyncGenerator<Buffer, void, undefined> {
  try {
    if (headers.get('transfer-encoding')?.toLowerCase() === 'chunked') {
      for (;;) {
        let left = Number.parseInt(await queue.takeUntil('\r\n'), 16);
        if (!Number.isSafeInteger(left)) throw new Error('the answer is not chunked as it says');
        if (left === 0) return;
        while (left > 0) {
          const piece = await queue.take(left);
          if (piece === undefined) throw new Error('the connection ended in the middle of an answer');
          left -= piece.length;
          yield piece;
        }
        await queue.takeUntil('\r\n');
      }
    }
    const length = headers.get('content-length');
    let left = length === undefined ? Number.POSITIVE_INFINITY : Number(length);
    while (left > 0) {
      const piece = await queue.take(left);
      if (piece === undefined) {
        if (length !== undefined) throw new Error('the connection ended in the middle of an answer');
        return;
      }
      left -= piece.length;
      yield piece;
    }
  } finally {
    socket.destroy();
  }
}

/** Sends one request; the body of the answer is read as it comes. Rejects with Node's error (ENOENT, ECONNREFUSED, EACCES) where nobody answers. */
export async function sendRequest(request: HttpRequest): Promise<HttpAnswer> {
  const socket = connect(request.socketPath);
  if (request.signal !== undefined) {
    const abort = () => socket.destroy();
    if (request.signal.aborted) abort();
    request.signal.addEventListener('abort', abort, { once: true });
    socket.once('close', () => request.signal?.removeEventListener('abort', abort));
  }
  const body = request.body === undefined ? undefined : Buffer.from(request.body);
  const lines = [`${request.method} ${request.target} HTTP/1.1`, 'host: localhost', 'connection: close'];
  for (const [name, value] of Object.entries(request.headers ?? {})) lines.push(`${name}: ${value}`);
  if (body !== undefined) lines.push(`content-length: ${body.length}`);
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
  socket.write(body === undefined ? head : Buffer.concat([head, body]));
  try {
    const queue = new ByteQueue(socket as AsyncIterable<Buffer>);
    const [first = '', ...rest] = (await queue.takeUntil('\r\n\r\n')).split('\r\n');
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1]);
    if (!Number.isInteger(status)) throw new Error('the answer is not HTTP');
    const headers = new Map(
      rest.map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
      }),
    );
    return { status, headers, body: readBody(queue, headers, socket) };
  } catch (failure) {
    socket.destroy();
    throw failure;
  }
}
