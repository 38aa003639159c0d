import { TRPCClientError as ClientError, type TRPCClientError, type TRPCLink } from '@trpc/client';
import type { AnyRouter } from '@trpc/server';
import { observable } from '@trpc/server/observable';
import { readEventStream } from './event-stream.ts';
import { sendRequest } from './http-message.ts';

/** The connection ended before the stream said that it was over: the other side was killed or restarted. */
export class StreamLostError extends Error {
  constructor() {
    super('the connection was lost');
    this.name = 'StreamLostError';
  }
}

async function readAll(chunks: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts).toString('utf8');
}

interface Envelope {
  result?: { data: unknown };
  error?: object;
}

/** Terminating link for all kinds of procedures over a unix socket; streams are tRPC's server-sent events. */
export function unixSocketLink<R extends AnyRouter>(options: {
  socketPath: string;
  /** Where the router is mounted, '' at the root. */
  basePath: string;
}): TRPCLink<R> {
  return () =>
    ({ op }) =>
      observable((observer) => {
        const over = new AbortController();
        const isGet = op.type !== 'mutation';
        const input = op.input === undefined ? undefined : JSON.stringify(op.input);
        const query = isGet && input !== undefined ? `?input=${encodeURIComponent(input)}` : '';
        const run = async () => {
          const answer = await sendRequest({
            socketPath: options.socketPath,
            method: isGet ? 'GET' : 'POST',
            target: `${options.basePath}/${op.path}${query}`,
            headers: {
              accept: op.type === 'subscription' ? 'text/event-stream' : 'application/json',
              ...(isGet ? {} : { 'content-type': 'application/json' }),
            },
            ...(isGet ? {} : { body: input ?? '' }),
            signal: over.signal,
          });
          if (op.type === 'subscription' && answer.headers.get('content-type')?.startsWith('text/event-stream')) {
            for await (const message of readEventStream(answer.body)) {
              if (message.event === 'connected') observer.next({ result: { type: 'started' } });
              else if (message.event === 'message') observer.next({ result: { type: 'data', data: JSON.parse(message.data) } });
              else if (message.event === 'serialized-error') throw ClientError.from({ error: JSON.parse(message.data) });
              else if (message.event === 'return') return;
            }
            throw new StreamLostError();
          }
          const text = await readAll(answer.body);
          let envelope: Envelope;
          try {
            envelope = JSON.parse(text) as Envelope;
          } catch {
            throw new Error(`the answer (${answer.status}) is not JSON`);
          }
          if (envelope.error !== undefined) throw ClientError.from(envelope as { error: never });
          observer.next({ result: { type: 'data', data: envelope.result?.data } });
        };
        run().then(
          () => observer.complete(),
          (failure: Error) => {
            if (!over.signal.aborted) observer.error(ClientError.from(failure) as TRPCClientError<R>);
          },
        );
        return () => over.abort();
      });
}
