import { randomBytes } from 'node:crypto';
import type { ControlRouter } from '@bulkhead/api';
import { createTRPCClient, createWSClient, httpLink, splitLink, wsLink } from '@trpc/client';
import { WebSocket } from 'undici';
import { createAuth } from '../../../apps/web/src/server/auth.ts';
import { createLog } from '../../../apps/web/src/server/log.ts';
import type { TestWeb } from './web.ts';

/** Somebody who talks to the dashboard as a browser does. */
export interface TestSession {
  /** Empty for nobody. */
  cookie: string;
  headers: Record<string, string>;
  client: ReturnType<typeof connect>['client'];
  close(): void;
}

function connect(web: TestWeb, headers: Record<string, string>) {
  class SocketWithHeaders extends WebSocket {
    constructor(url: string | URL) {
      super(url, { headers });
    }
  }
  const socket = createWSClient({
    url: `${web.origin.replace('http', 'ws')}/api/ws`,
    WebSocket: SocketWithHeaders as unknown as typeof globalThis.WebSocket,
    lazy: { enabled: true, closeMs: 100 },
    retryDelayMs: () => 200,
  });
  const client = createTRPCClient<ControlRouter>({
    links: [
      splitLink({
        condition: (operation) => operation.type === 'subscription',
        true: wsLink({ client: socket }),
        false: httpLink({ url: `${web.origin}/api/trpc`, headers }),
      }),
    ],
  });
  return { client, close: () => void socket.close() };
}

export function openSession(web: TestWeb, cookie: string): TestSession {
  const headers = { origin: web.origin, 'x-bulkhead-client': 'test', ...(cookie === '' ? {} : { cookie }) };
  return { cookie, headers, ...connect(web, headers) };
}

export const password = (): string => randomBytes(18).toString('base64url');

/** Signs in as the form does and keeps the cookie. */
export async function signIn(web: TestWeb, email: string, secret: string): Promise<TestSession> {
  const answer = await fetch(`${web.origin}/api/auth/sign-in/email`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: web.origin },
    body: JSON.stringify({ email, password: secret }),
  });
  if (!answer.ok) throw new Error(`sign-in answered ${answer.status}: ${await answer.text()}`);
  const cookie = answer.headers
    .getSetCookie()
    .map((text) => text.split(';')[0])
    .join('; ');
  return openSession(web, cookie);
}

/** The first administrator, through the set-up link. */
export async function setUp(web: TestWeb, secret = password()): Promise<TestSession> {
  const email = 'ada@example.org';
  await openSession(web, '').client.setup.complete.mutate({ token: web.setupToken, name: 'Ada', email, password: secret });
  return await signIn(web, email, secret);
}

/** A member of tenants; each tenant is an organization with the tenant's id as its slug. */
export async function makeMember(web: TestWeb, email: string, tenants: readonly string[]): Promise<TestSession> {
  const auth = createAuth(
    { instance: web.config.instance, authSecretFile: web.config.authSecretFile },
    web.database.web,
    createLog('test'),
  );
  const secret = password();
  const { user } = await auth.api.createUser({ body: { email, name: email, password: secret, role: 'user' } });
  const { client } = web.database.web;
  for (const slug of tenants) {
    const id = `org-${slug}`;
    await client.organization.upsert({ where: { slug }, create: { id, name: slug, slug, createdAt: new Date() }, update: {} });
    await client.member.create({
      data: { id: `${id}-${user.id}`, organizationId: id, userId: user.id, role: 'member', createdAt: new Date() },
    });
  }
  return await signIn(web, email, secret);
}
