import { readFileSync } from 'node:fs';
import { Agent, fetch, WebSocket } from 'undici';
import { expect, it } from 'vitest';
import { password } from '../support/control/session.ts';
import { startTestWeb } from '../support/control/web.ts';

it('serves HTTPS and nothing else, with a cookie that is bound to it', async () => {
  await using web = await startTestWeb({ tls: true });
  const dispatcher = new Agent({ connect: { ca: readFileSync(web.config.tls?.certificateFile ?? '') } });
  const headers = { origin: web.origin, 'x-bulkhead-client': 'test', 'content-type': 'application/json' };
  const post = (path: string, body: object) =>
    fetch(web.origin + path, { method: 'POST', dispatcher, headers, body: JSON.stringify(body) });
  const secret = password();
  const email = 'ada@example.org';
  expect((await post('/api/trpc/setup.complete', { token: web.setupToken, name: 'Ada', email, password: secret })).status).toBe(200);

  const signedIn = await post('/api/auth/sign-in/email', { email, password: secret });
  const [cookie = ''] = signedIn.headers.getSetCookie();
  expect(cookie).toMatch(/^__Host-bulkhead-\w+-session=/);
  for (const attribute of [/; Secure/i, /; HttpOnly/i, /; Path=\/(;|$)/i, /; SameSite=Lax/i]) expect(cookie).toMatch(attribute);
  expect(cookie).not.toMatch(/; Domain=/i);

  const sent = { ...headers, cookie: cookie.split(';')[0] ?? '' };
  const session = await fetch(`${web.origin}/api/trpc/session.current`, { dispatcher, headers: sent });
  expect(await session.json()).toMatchObject({ result: { data: { role: 'administrator' } } });
  const page = await fetch(`${web.origin}/containers`, { dispatcher, headers: sent });
  expect(page.headers.get('strict-transport-security')).toMatch(/max-age=\d{7,}/);
  expect(page.headers.get('content-security-policy')).toContain('upgrade-insecure-requests');

  const opened = (origin: string) =>
    new Promise((resolve) => {
      const socket = new WebSocket(`${web.origin.replace('https', 'wss')}/api/ws`, { headers: { ...sent, origin }, dispatcher });
      socket.addEventListener('open', () => {
        resolve(true);
        socket.close();
      });
      socket.addEventListener('error', () => resolve(false));
    });
  expect(await opened(web.origin)).toBe(true);
  // The same host without TLS is another origin.
  expect(await opened(web.origin.replace('https', 'http'))).toBe(false);
  await expect(fetch(web.origin.replace('https', 'http'))).rejects.toThrow();
  await dispatcher.destroy();
});
