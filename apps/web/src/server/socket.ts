import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Caller } from '@bulkhead/api';
import { getWSConnectionHandler } from '@trpc/server/adapters/ws';
import { fromNodeHeaders } from 'better-auth/node';
import { type WebSocket, WebSocketServer } from 'ws';
import { callerFromHeaders } from './auth.ts';
import { sameRights } from './identity.ts';
import type { ControlRouterInstance } from './router.ts';
import { isSameOrigin } from './security.ts';
import type { Services } from './services.ts';
import { socketPath } from './socket-path.ts';

/** Close code told to the page: sign in again, or ask again with the rights that hold now. */
export const sessionEnded = 4401;

const maxMessageBytes = 256 * 1024;
const maxConnectionsPerUser = 64;
const maxWaitingBytes = 16 * 1024 * 1024;
const recheckMsec = 10_000;

interface Connection {
  headers: Headers;
  caller: Caller;
}

/** The one WebSocket of a tab, over which its subscriptions run. */
export function createSocketServer(services: Services, router: ControlRouterInstance, secure: boolean) {
  const { auth, database, log } = services;
  const server = new WebSocketServer({ noServer: true, maxPayload: maxMessageBytes, perMessageDeflate: false });
  const connections = new Map<WebSocket, Connection>();
  const serve = getWSConnectionHandler({
    wss: server,
    router,
    createContext: ({ req }) => ({ from: 'browser' as const, headers: fromNodeHeaders(req.headers) }),
    keepAlive: { enabled: true, pingMs: 20_000, pongWaitMs: 10_000 },
  });

  // A session that ended, or rights that changed, end what was opened under them.
  const recheck = setInterval(async () => {
    for (const [socket, connection] of connections) {
      if (socket.bufferedAmount > maxWaitingBytes) {
        log.warn({ subject: connection.caller.subject.id }, 'a browser does not take what it asked for; its connection is closed');
        socket.terminate();
        continue;
      }
      try {
        const now = await callerFromHeaders(auth, database, connection.headers);
        if (!sameRights(now, connection.caller)) socket.close(sessionEnded, 'the session has ended or changed');
      } catch (failure) {
        // Without the database nobody's rights can be known, so nothing goes on under them.
        log.warn({ err: String(failure) }, 'a session could not be checked; its connection is closed');
        socket.close(1013, 'try again later');
      }
    }
  }, recheckMsec);

  const refuse = (socket: Duplex, status: number): void => {
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  };

  return {
    async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
      socket.on('error', () => socket.destroy());
      if (new URL(request.url ?? '/', 'http://localhost').pathname !== socketPath) return refuse(socket, 404);
      if (!isSameOrigin(request, secure)) return refuse(socket, 403);
      const headers = fromNodeHeaders(request.headers);
      let caller: Caller;
      try {
        caller = await callerFromHeaders(auth, database, headers);
      } catch (failure) {
        log.error({ err: failure }, 'a session could not be read');
        return refuse(socket, 503);
      }
      if (caller.role === 'anonymous') return refuse(socket, 401);
      const open = [...connections.values()].filter((connection) => connection.caller.subject.id === caller.subject.id).length;
      if (open >= maxConnectionsPerUser) return refuse(socket, 429);
      server.handleUpgrade(request, socket, head, (client) => {
        connections.set(client, { headers, caller });
        client.on('close', () => connections.delete(client));
        client.on('error', (error) => log.info({ err: error.message }, 'a WebSocket failed'));
        serve(client, request);
      });
    },
    close(): void {
      clearInterval(recheck);
      for (const client of connections.keys()) client.close(1012, 'the service restarts');
    },
  };
}
