import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import type { ContainerChange, ControlRouter, HostReachability } from '@bulkhead/api';
import { createTRPCClient, httpLink } from '@trpc/client';
import { Agent, fetch as undiciFetch, WebSocket } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeMember, openSession, password, signIn, type TestSession } from '../support/control/session.ts';
import { startTestWeb, type TestWeb } from '../support/control/web.ts';

let web: TestWeb;
let administrator: TestSession;
let anna: TestSession;
const secret = password();

async function until<T>(what: string, probe: () => T | undefined | false, withinMsec: number): Promise<T> {
  const deadline = performance.now() + withinMsec;
  for (;;) {
    const found = probe();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`${what} did not happen within ${withinMsec} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const complete = (token: string) =>
  openSession(web, '').client.setup.complete.mutate({ token, name: 'Ada', email: 'ada@example.org', password: secret });

const writeSetup = (token: string, expiresAtMsec: number) =>
  writeFileSync(web.setupFile, JSON.stringify({ tokenSha256: createHash('sha256').update(token).digest('hex'), expiresAtMsec }));

beforeAll(async () => {
  web = await startTestWeb();
});

afterAll(async () => {
  administrator?.close();
  anna?.close();
  await web?.[Symbol.asyncDispose]();
});

describe('the set-up link', () => {
  it('is refused with another token, and when it is too old', async () => {
    await expect(complete('guessed')).rejects.toMatchObject({ data: { problem: 'forbidden' } });
    writeSetup(web.setupToken, Date.now() - 1);
    await expect(complete(web.setupToken)).rejects.toThrow('older than an hour');
    writeSetup(web.setupToken, Date.now() + 60_000);
    expect(await openSession(web, '').client.setup.state.query()).toEqual({ needed: true });
  });

  it('makes one administrator however many browsers follow it at once, and dies with use', async () => {
    const tries = await Promise.allSettled([complete(web.setupToken), complete(web.setupToken), complete(web.setupToken)]);
    expect(tries.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1);
    expect(existsSync(web.setupFile)).toBe(false);
    const { rows } = await web.database.owner.query(`SELECT count(*)::int AS count FROM "user" WHERE role = 'admin'`);
    expect(rows).toEqual([{ count: 1 }]);
    expect(await openSession(web, '').client.setup.state.query()).toEqual({ needed: false });
    writeSetup('another', Date.now() + 60_000);
    await expect(complete('another')).rejects.toMatchObject({ data: { problem: 'conflict' } });
  });
});

describe('sessions', () => {
  it('give an administrator all tenants and a member its own', async () => {
    administrator = await signIn(web, 'ada@example.org', secret);
    anna = await makeMember(web, 'anna@acme.example', ['acme']);
    expect(await administrator.client.session.current.query()).toMatchObject({
      role: 'administrator',
      tenants: 'all',
      user: { name: 'Ada' },
    });
    expect(await anna.client.session.current.query()).toMatchObject({ role: 'member', tenants: ['acme'] });
  });

  it('hand out a cookie that no script reads and no other site sends', async () => {
    const answer = await fetch(`${web.origin}/api/auth/sign-in/email`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: web.origin },
      body: JSON.stringify({ email: 'ada@example.org', password: secret }),
    });
    const [cookie = ''] = answer.headers.getSetCookie();
    expect(cookie).toMatch(/^bulkhead-\w+-session=/);
    expect(cookie).toMatch(/; HttpOnly/i);
    expect(cookie).toMatch(/; SameSite=Lax/i);
  });

  it('count no more at once when a right is lost', async () => {
    const gus = await makeMember(web, 'gus@globex.example', ['globex']);
    const container = web.agent.add({ name: 'of-globex', tenantId: 'globex' });
    expect((await gus.client.container.inspect.query({ container: container.id })).name).toBe('of-globex');
    await web.database.owner.query(`DELETE FROM member WHERE organization_id = 'org-globex'`);
    await expect(gus.client.container.inspect.query({ container: container.id })).rejects.toMatchObject({ data: { problem: 'not-found' } });
    gus.close();
  });

  it('end their WebSocket when they end', async () => {
    const leaving = await signIn(web, 'ada@example.org', secret);
    const socket = new WebSocket(`${web.origin.replace('http', 'ws')}/api/ws`, { headers: leaving.headers });
    let code: number | undefined;
    socket.addEventListener('close', (event) => {
      code = event.code;
    });
    await new Promise((resolve) => socket.addEventListener('open', resolve));
    const answer = await fetch(`${web.origin}/api/auth/sign-out`, {
      method: 'POST',
      headers: { ...leaving.headers, 'content-type': 'application/json' },
      body: '{}',
    });
    expect(answer.status).toBe(200);
    await until('the end of the WebSocket', () => code !== undefined, 15_000);
    expect(code).toBe(4401);
    leaving.close();
  });
});

describe('what is closed', () => {
  it.each([
    '/sign-up/email',
    '/admin/create-user',
    '/admin/set-role',
    '/organization/create',
    '/organization/update',
    '/sign-in/email/../../sign-up/email',
  ])('better-auth’s %s is not reached', async (path) => {
    const answer = await fetch(`${web.origin}/api/auth${path}`, {
      method: 'POST',
      headers: { ...administrator.headers, 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'eve@example.org', password: 'a-long-password', name: 'Eve', slug: 'globex' }),
    });
    expect(answer.status).toBe(404);
  });

  it.each([
    ['no origin', {}],
    ['a foreign origin', { origin: 'https://evil.example', 'x-bulkhead-client': 'x' }],
    ['no header of our page', { origin: 'own' }],
    ['a browser that says cross-site', { origin: 'own', 'x-bulkhead-client': 'x', 'sec-fetch-site': 'cross-site' }],
  ])('a change with %s', async (_, headers) => {
    const container = web.agent.add({ name: `csrf-${randomBytes(3).toString('hex')}` });
    const sent = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value === 'own' ? web.origin : value]));
    const answer = await undiciFetch(`${web.origin}/api/trpc/container.delete`, {
      method: 'POST',
      headers: { cookie: administrator.cookie, 'content-type': 'application/json', ...sent } as Record<string, string>,
      body: JSON.stringify({ container: container.id, force: true }),
    });
    expect(answer.status).toBe(403);
    expect((await administrator.client.container.inspect.query({ container: container.id })).id).toBe(container.id);
  });

  it('a change by GET', async () => {
    const container = web.agent.add({ name: `get-${randomBytes(3).toString('hex')}` });
    const input = encodeURIComponent(JSON.stringify({ container: container.id, force: true }));
    const answer = await fetch(`${web.origin}/api/trpc/container.delete?input=${input}`, { headers: administrator.headers });
    expect(answer.status).toBe(405);
    expect((await administrator.client.container.inspect.query({ container: container.id })).id).toBe(container.id);
  });

  it.each([
    ['of another origin', () => ({ ...administrator.headers, origin: 'https://evil.example' })],
    ['of nobody', () => ({ origin: web.origin })],
  ])('a WebSocket %s', async (_, headers) => {
    const socket = new WebSocket(`${web.origin.replace('http', 'ws')}/api/ws`, { headers: headers() });
    const outcome = await new Promise((resolve) => {
      socket.addEventListener('open', () => resolve('open'));
      socket.addEventListener('error', () => resolve('refused'));
    });
    expect(outcome).toBe('refused');
  });

  it('a page to those who only claim to be signed in', async () => {
    const claim = Buffer.from(JSON.stringify({ role: 'administrator', tenants: 'all' })).toString('base64url');
    const answer = await fetch(`${web.origin}/containers`, {
      headers: { 'x-bulkhead-session': claim, 'x-middleware-subrequest': 'middleware:middleware:middleware' },
      redirect: 'manual',
    });
    expect(answer.status).toBe(302);
    expect(answer.headers.get('location')).toBe('/sign-in?next=%2Fcontainers');
  });
});

it('gives every script and style of a page the nonce of its policy', async () => {
  const answer = await fetch(`${web.origin}/containers`, { headers: administrator.headers });
  const policy = answer.headers.get('content-security-policy') ?? '';
  const nonce = /script-src 'self' 'nonce-([^']+)'/.exec(policy)?.[1];
  expect(nonce).toBeTruthy();
  expect(policy).toContain("frame-ancestors 'none'");
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
  const html = await answer.text();
  const tags = html.match(/<(?:script|style)\b[^>]*>/g) ?? [];
  expect(tags.length).toBeGreaterThan(5);
  for (const tag of tags) expect(tag).toContain(`nonce="${nonce}"`);
  const again = await fetch(`${web.origin}/containers`, { headers: administrator.headers });
  expect(again.headers.get('content-security-policy')).not.toContain(String(nonce));
});

describe('live', () => {
  it('tells of a container within a second, to those who may see it and to nobody else', async () => {
    const seen: Record<'administrator' | 'anna', { change: ContainerChange; atMsec: number }[]> = { administrator: [], anna: [] };
    const subscriptions = (['administrator', 'anna'] as const).map((who) =>
      (who === 'anna' ? anna : administrator).client.container.watch.subscribe(
        {},
        { onData: (change) => seen[who].push({ change, atMsec: performance.now() }) },
      ),
    );
    await until('both snapshots', () => seen.administrator.length > 0 && seen.anna.length > 0, 5_000);
    expect(seen.administrator[0]?.change.type).toBe('snapshot');
    const startedMsec = performance.now();
    const acme = web.agent.add({ name: 'live-acme', tenantId: 'acme' });
    const globex = web.agent.add({ name: 'live-globex', tenantId: 'globex' });
    const changeOf = (who: 'administrator' | 'anna', id: string) =>
      seen[who].find(({ change }) => change.type === 'changed' && change.container.id === id);
    const told = await until('the news', () => changeOf('anna', acme.id), 1_000);
    expect(told.atMsec - startedMsec).toBeLessThan(1_000);
    await until('the news of the other', () => changeOf('administrator', globex.id), 1_000);
    web.agent.remove(acme.id);
    web.agent.remove(globex.id);
    await until('its end', () => seen.anna.find(({ change }) => change.type === 'removed' && change.id === acme.id), 1_000);
    expect(JSON.stringify(seen.anna)).not.toContain('globex');
    for (const subscription of subscriptions) subscription.unsubscribe();
  });

  it('asks the agent once for each topic, however many browsers look', async () => {
    const tabs = Array.from({ length: 5 }, () => openSession(web, administrator.cookie));
    const snapshots: ContainerChange[] = [];
    for (const tab of tabs) tab.client.container.watch.subscribe({}, { onData: (change) => snapshots.push(change) });
    await until('all snapshots', () => snapshots.filter(({ type }) => type === 'snapshot').length === tabs.length, 5_000);
    expect(web.agent.calls.filter(({ path }) => path === 'container.watch')).toHaveLength(1);
    for (const tab of tabs) tab.close();
  });

  it('asks in the name of whoever asked', async () => {
    const container = web.agent.add({ name: 'asked-for', tenantId: 'acme' });
    web.agent.calls.length = 0;
    await anna.client.container.inspect.query({ container: container.id });
    const call = web.agent.calls.find(({ path }) => path === 'container.inspect');
    expect(call?.caller).toMatchObject({ role: 'member', subject: { kind: 'user', name: 'anna@acme.example' } });
    expect(call?.caller.tenants).toEqual(new Set(['acme']));
  });

  it('says when the agent is away, and goes on when it is back', async () => {
    const states: HostReachability[] = [];
    const changes: ContainerChange[] = [];
    const client = anna.client;
    const subscriptions = [
      client.host.watch.subscribe({}, { onData: (state) => states.push(...state) }),
      client.container.watch.subscribe({}, { onData: (change) => changes.push(change) }),
    ];
    await until('the first state', () => states.at(-1)?.reachable === true && changes.length > 0, 5_000);
    await web.agent.crash();
    await until('the agent is said to be away', () => states.at(-1)?.reachable === false, 5_000);
    await expect(client.container.list.query({})).rejects.toMatchObject({ data: { problem: 'unavailable' } });
    const born = web.agent.add({ name: 'born-meanwhile', tenantId: 'acme' });
    await web.agent.start();
    await until('the agent is said to be back', () => states.at(-1)?.reachable === true, 5_000);
    await until(
      'what changed meanwhile',
      () => changes.find((change) => change.type === 'snapshot' && change.containers.some(({ id }) => id === born.id)),
      5_000,
    );
    for (const subscription of subscriptions) subscription.unsubscribe();
  });

  it('carries output as it comes and says how it ended', async () => {
    const container = web.agent.add({ name: 'talker', tenantId: 'acme' });
    web.agent.print(container.id, 'one\n');
    let text = '';
    const subscription = anna.client.container.logs.subscribe(
      { container: container.id, follow: true },
      {
        onData: (item) => {
          if (item.type === 'output') text += Buffer.from(item.data, 'base64').toString();
        },
      },
    );
    await until('what was printed', () => text === 'one\n', 5_000);
    web.agent.print(container.id, 'two\n');
    await until('what comes', () => text === 'one\ntwo\n', 1_000);
    subscription.unsubscribe();
  });
});

describe('the control socket', () => {
  const overSocket = () => {
    const dispatcher = new Agent({ connect: { socketPath: web.controlSocket } });
    return createTRPCClient<ControlRouter>({
      links: [
        httpLink({
          url: 'http://control',
          fetch: ((url: string, init: object) => undiciFetch(url, { ...init, dispatcher })) as unknown as NonNullable<
            Parameters<typeof httpLink>[0]['fetch']
          >,
        }),
      ],
    });
  };

  it('is open to its owner and root alone, who is an administrator without a session', async () => {
    expect(statSync(web.controlSocket).mode & 0o777).toBe(0o600);
    const client = overSocket();
    expect(await client.session.current.query()).toEqual({ role: 'local-root', tenants: 'all' });
    expect((await client.container.list.query({})).length).toBeGreaterThan(0);
    await client.container.list.query({});
    expect(web.agent.calls.at(-1)?.caller).toMatchObject({ role: 'administrator', subject: { kind: 'local-root' } });
  });

  it('tells use up to this moment', async () => {
    const container = web.agent.add({ name: 'metered', tenantId: 'acme' });
    await new Promise((resolve) => setTimeout(resolve, 2_100));
    const [acme] = await overSocket().usage.summarise.query({ tenantId: 'acme' });
    const line = acme?.containers.find(({ containerId }) => containerId === container.id);
    expect(BigInt(line?.cpuUsageUsec ?? 0)).toBeGreaterThan(0n);
  });
});

it('limits tries to sign in, and believes no header about where they come from', async () => {
  const statuses = [];
  for (let attempt = 0; attempt < 12; attempt += 1) {
    const answer = await fetch(`${web.origin}/api/auth/sign-in/email`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        origin: web.origin,
        'x-forwarded-for': `10.0.0.${attempt}`,
        'x-bulkhead-client-address': `10.0.1.${attempt}`,
      },
      body: JSON.stringify({ email: 'ada@example.org', password: `wrong-password-${attempt}` }),
    });
    statuses.push(answer.status);
  }
  expect(statuses.at(-1)).toBe(429);
});

it('writes no secret into its log', () => {
  const log = web.log();
  expect(log).toContain('"msg":"serving"');
  const sessionToken = administrator.cookie.split('=')[1]?.split('.')[0] ?? 'none';
  const secrets = {
    setupToken: web.setupToken,
    password: secret,
    sessionToken,
    authSecret: readFileSync(web.config.authSecretFile, 'utf8'),
    signingKey: readFileSync(web.config.signingKeyFile ?? '', 'utf8').split('\n')[1] ?? 'none',
  };
  for (const [name, text] of Object.entries(secrets)) expect(log.includes(text), name).toBe(false);
});
