import { chmodSync, chownSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { statementHeader } from '@bulkhead/api/statement';
import { peerCredentialsOfNodeSocket } from '@bulkhead/kernel';
import { Problem } from '@bulkhead/model';
import type { AnyRouter } from '@trpc/server';
import { createHTTPHandler } from '@trpc/server/adapters/standalone';
import type { CallContext } from '../authorisation/authenticate.ts';

/** A statement may name a thousand tenants, and inputs of queries stand in the address. */
const maximumHeaderBytes = 256 * 1024;
const maximumBodyBytes = 4 * 1024 * 1024;
const maximumConnections = 1024;
const probeMsec = 2000;

/** True where something accepts connections there. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const end = (result: boolean) => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(probeMsec, () => end(true));
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}

/**
 * Serves a router on a unix socket: root and the group may connect.
 *
 * @throws Problem 'conflict' where another agent serves there
 */
export async function serve(options: { router: AnyRouter; socketPath: string; gid: number | undefined }): Promise<AsyncDisposable> {
  const { socketPath, gid } = options;
  if (await answers(socketPath))
    throw new Problem('conflict', `another agent serves on ${socketPath}`, { remedy: 'end that one first: ./bulkhead down' });
  const peers = new WeakMap<object, CallContext['peer']>();
  const contextOf = ({ socket, headers }: IncomingMessage): CallContext => {
    const statement = headers[statementHeader];
    return { peer: peers.get(socket), statement: Array.isArray(statement) ? statement.join() : statement };
  };
  const handler = createHTTPHandler({
    router: options.router as never,
    createContext: ({ req }: { req: IncomingMessage }) => contextOf(req) as never,
    maxBodySize: maximumBodyBytes,
    allowBatching: false,
  });
  const server: Server = createServer({ maxHeaderSize: maximumHeaderBytes, keepAliveTimeout: 60_000 }, handler);
  server.maxConnections = maximumConnections;
  // As it was when the connection was made: the kernel keeps it so.
  server.on('connection', (socket) => peers.set(socket, peerCredentialsOfNodeSocket(socket)));

  mkdirSync(dirname(socketPath), { recursive: true, mode: 0o750 });
  rmSync(socketPath, { force: true });
  const before = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(socketPath, resolve);
    });
  } finally {
    process.umask(before);
  }
  if (gid !== undefined) chownSync(socketPath, 0, gid);
  chmodSync(socketPath, 0o660);
  return {
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      rmSync(socketPath, { force: true });
    },
  };
}
