import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { dirname } from 'node:path';
import { readPrivateKey } from '@bulkhead/api/statement';
import { createDatabase } from '@bulkhead/db';
import { instancePaths } from '@bulkhead/model';
import { environment } from './env.ts';
import { createAgentClient } from './server/agent-client.ts';
import { createAuth } from './server/auth.ts';
import { readConfig, type WebConfig } from './server/config.ts';
import { HostMeter } from './server/host-meter.ts';
import { createBrowserHandler, createControlSocketHandler, type NodeHandler } from './server/http.ts';
import { LiveHost } from './server/live.ts';
import { LiveCgroups } from './server/live-cgroups.ts';
import { captureConsole, createLog } from './server/log.ts';
import { preparePages } from './server/pages.ts';
import { createControlRouter } from './server/router.ts';
import type { Services } from './server/services.ts';
import { createSocketServer } from './server/socket.ts';

const stopWithinMsec = 3_000;

const listenerOf =
  (handler: NodeHandler): RequestListener =>
  (request, response) =>
    void handler(request, response);

function listen(server: Server, where: { port: number; host: string } | { path: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** The socket is born closed to all but its owner: no moment lies between bind and chmod. */
async function listenOnControlSocket(server: Server, path: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o711 });
  rmSync(path, { force: true });
  const before = process.umask(0o177);
  try {
    await listen(server, { path });
  } finally {
    process.umask(before);
  }
}

function createFrontServer(config: WebConfig, listener: RequestListener): Server {
  if (config.tls === undefined) return createServer(listener);
  const { certificateFile, keyFile } = config.tls;
  return createTlsServer({ cert: readFileSync(certificateFile), key: readFileSync(keyFile), minVersion: 'TLSv1.2' }, listener);
}

async function main(): Promise<void> {
  const config = readConfig(environment.BULKHEAD_CONFIG);
  const log = createLog(config.version);
  captureConsole(log);
  // Nobody knows what state is left: the supervisor starts a new one.
  for (const event of ['uncaughtException', 'unhandledRejection'] as const)
    process.on(event, (failure: unknown) => {
      log.fatal({ err: failure }, event);
      process.exit(1);
    });
  const paths = instancePaths(config.stateDirectory, config.instance);
  const secure = config.tls !== undefined;

  const database = createDatabase(config.databaseUrl);
  const agent = createAgentClient({
    hostId: config.hostId,
    socketPath: paths.agentSocket,
    privateKey: readPrivateKey(readFileSync(config.signingKeyFile, 'utf8')),
  });
  const live = new LiveHost(config.hostId, agent, log);
  const meter = new HostMeter(agent);
  const cgroups = new LiveCgroups(agent, log);
  const services: Services = { config, log, database, auth: createAuth(config, database, log), agent, live, cgroups, meter };
  const router = createControlRouter(services);
  const pages = await preparePages(config.listen);
  const sockets = createSocketServer(services, router, secure);

  const front = createFrontServer(config, listenerOf(createBrowserHandler(services, router, pages.handle, secure)));
  front.on('upgrade', (request, socket, head) => void sockets.upgrade(request, socket, head));
  const control = createServer(listenerOf(createControlSocketHandler(services, router)));
  await listen(front, { port: config.listen.port, host: config.listen.address });
  // Last: whoever asks there whether the dashboard is ready may send people to the front.
  await listenOnControlSocket(control, paths.controlSocket);
  log.info({ address: front.address(), secure, controlSocket: paths.controlSocket }, 'serving');

  let stopping = false;
  const stop = async (signal: string): Promise<void> => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'stopping');
    setTimeout(() => process.exit(0), stopWithinMsec).unref();
    sockets.close();
    live.close();
    cgroups.close();
    meter.close();
    front.close();
    control.close();
    front.closeIdleConnections();
    await agent.close();
    await database.close();
    process.exit(0);
  };
  process.on('SIGTERM', () => void stop('SIGTERM'));
  process.on('SIGINT', () => void stop('SIGINT'));
}

await main();
