import type { IncomingMessage, ServerResponse } from 'node:http';
import { controlContract, type ProcedureContract } from '@bulkhead/api';
import { nodeHTTPRequestHandler } from '@trpc/server/adapters/node-http';
import { fromNodeHeaders, toNodeHandler } from 'better-auth/node';
import { callerFromHeaders, clientAddressHeader, openAuthPaths } from './auth.ts';
import { viewOf } from './identity.ts';
import type { ControlContext, ControlRouterInstance } from './router.ts';
import { contentSecurityPolicy, newNonce, refuseForeign, setSecurityHeaders } from './security.ts';
import type { Services } from './services.ts';
import { socketPath } from './socket-path.ts';

export type NodeHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Carries the session view from our server to the page that is rendered; a client's own is thrown away. */
export const sessionHeader = 'x-bulkhead-session';

/** A cgconfig.conf of 512 KiB, with every line end and tab of it escaped, is the longest that is sent. */
const maxBodyBytes = 1536 * 1024;
const apiPrefix = '/api/trpc/';
const authPrefix = '/api/auth';
const openPages: ReadonlySet<string> = new Set(['/sign-in', '/setup']);

export function answerText(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status;
  response.setHeader('content-type', 'text/plain; charset=utf-8');
  response.end(`${text}\n`);
}

const answerHealth = (response: ServerResponse, services: Services): void => {
  response.setHeader('content-type', 'application/json');
  response.setHeader('cache-control', 'no-store');
  response.end(JSON.stringify({ status: 'serving', agentReachable: services.live.reachability.reachable }));
};

/** Answers tRPC calls; `context` says how this one came in. */
export function createApiHandler(router: ControlRouterInstance) {
  return async (request: IncomingMessage, response: ServerResponse, path: string, context: ControlContext): Promise<void> => {
    response.setHeader('cache-control', 'no-store');
    await nodeHTTPRequestHandler({
      router,
      req: request,
      res: response,
      path,
      createContext: () => context,
      allowBatching: false,
      allowMethodOverride: false,
      maxBodySize: maxBodyBytes,
    });
  };
}

function isSubscription(path: string): boolean {
  const [noun = '', verb = ''] = path.split('.');
  const verbs: Record<string, ProcedureContract> | undefined = Object.hasOwn(controlContract, noun)
    ? controlContract[noun as keyof typeof controlContract]
    : undefined;
  return verbs !== undefined && Object.hasOwn(verbs, verb) && verbs[verb]?.kind === 'subscription';
}

const pathnameOf = (request: IncomingMessage): string => new URL(request.url ?? '/', 'http://localhost').pathname;

/** Everything a browser may ask for. */
export function createBrowserHandler(services: Services, router: ControlRouterInstance, page: NodeHandler, secure: boolean): NodeHandler {
  const { auth, database, log } = services;
  const api = createApiHandler(router);
  const authHandler = toNodeHandler(auth);

  const answerPage = async (request: IncomingMessage, response: ServerResponse, pathname: string): Promise<void> => {
    const nonce = newNonce();
    const policy = contentSecurityPolicy(nonce, secure);
    delete request.headers[sessionHeader];
    if (!pathname.startsWith('/_next/')) {
      const view = viewOf(await callerFromHeaders(auth, database, fromNodeHeaders(request.headers)));
      // A courtesy, no protection: the page holds no data, and every call is authorised by itself.
      if (view.role === 'anonymous' && !openPages.has(pathname)) {
        response.statusCode = 302;
        response.setHeader('location', pathname === '/' ? '/sign-in' : `/sign-in?next=${encodeURIComponent(request.url ?? '/')}`);
        response.end();
        return;
      }
      request.headers[sessionHeader] = Buffer.from(JSON.stringify(view)).toString('base64url');
    }
    // Next takes the nonce for its own scripts from the request's policy.
    request.headers['content-security-policy'] = policy;
    response.setHeader('content-security-policy', policy);
    await page(request, response);
  };

  return async (request, response) => {
    setSecurityHeaders(response, secure);
    try {
      const pathname = pathnameOf(request);
      if (pathname === '/api/health') return answerHealth(response, services);
      const isApi = pathname.startsWith(apiPrefix);
      const refusal = refuseForeign(request, secure, isApi);
      if (refusal !== undefined) {
        log.info({ pathname, refusal }, 'a request was refused');
        return answerText(response, 403, refusal);
      }
      // Streams go over the WebSocket alone: it is closed when the session under it ends.
      if (isApi && isSubscription(pathname.slice(apiPrefix.length)))
        return answerText(response, 405, `subscriptions are served at ${socketPath}`);
      if (isApi)
        return await api(request, response, pathname.slice(apiPrefix.length), {
          from: 'browser',
          headers: fromNodeHeaders(request.headers),
        });
      if (pathname === authPrefix || pathname.startsWith(`${authPrefix}/`)) {
        if (!openAuthPaths.has(pathname.slice(authPrefix.length))) return answerText(response, 404, 'there is nothing here');
        for (const name of Object.keys(request.headers)) if (name.startsWith('x-forwarded-')) delete request.headers[name];
        request.headers[clientAddressHeader] = request.socket.remoteAddress ?? '';
        return await authHandler(request, response);
      }
      if (request.method !== 'GET' && request.method !== 'HEAD') return answerText(response, 405, 'pages are read with GET');
      await answerPage(request, response, pathname);
    } catch (failure) {
      log.error({ err: failure }, 'a request failed');
      if (response.headersSent) response.destroy();
      else answerText(response, 500, 'Something went wrong here; the log of the web service says what.');
    }
  };
}

/** The control socket: root of this machine and nobody else can connect, so there is no session and no page, and calls stand at the root. */
export function createControlSocketHandler(services: Services, router: ControlRouterInstance): NodeHandler {
  const api = createApiHandler(router);
  return async (request, response) => {
    try {
      const pathname = pathnameOf(request);
      if (pathname === '/api/health') return answerHealth(response, services);
      await api(request, response, pathname.slice(1), { from: 'control-socket' });
    } catch (failure) {
      services.log.error({ err: failure }, 'a request on the control socket failed');
      if (response.headersSent) response.destroy();
      else answerText(response, 500, 'internal error');
    }
  };
}
