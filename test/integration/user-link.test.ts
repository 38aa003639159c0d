import { TRPCClientError } from '@trpc/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createControlClient } from '../../apps/cli/src/client/clients.ts';
import { openSession, password, setUp, signIn } from '../support/control/session.ts';
import { startTestWeb, type TestWeb } from '../support/control/web.ts';

let web: TestWeb;
let root: ReturnType<typeof createControlClient>;
const nobody = () => openSession(web, '').client;

beforeAll(async () => {
  web = await startTestWeb();
  root = createControlClient(web.controlSocket);
  (await setUp(web)).close();
});
afterAll(() => web?.[Symbol.asyncDispose]());

/** Code and words of a refusal; fails where there is none. */
async function refusal(call: Promise<unknown>): Promise<{ code: string; message: string; remedy?: string }> {
  try {
    await call;
  } catch (failure) {
    if (!(failure instanceof TRPCClientError)) throw failure;
    const data = failure.data as { problem: string; remedy?: string };
    return { code: data.problem, message: failure.message, ...(data.remedy === undefined ? {} : { remedy: data.remedy }) };
  }
  throw new Error('the call was answered');
}

it('a member that was added has no password until its link is used, once', async () => {
  const { user, link } = await root.user.add.mutate({ name: 'Anna', email: 'Anna@Acme.example', tenantId: 'acme' });
  expect(user).toMatchObject({ email: 'anna@acme.example', role: 'member', tenants: ['acme'], hasPassword: false, sessions: 0 });
  expect(Date.parse(link.expiresAt) - Date.now()).toBeGreaterThan(3_500_000);
  expect(Date.parse(link.expiresAt) - Date.now()).toBeLessThanOrEqual(3_600_000);
  const secret = password();
  await expect(signIn(web, 'anna@acme.example', secret)).rejects.toThrow('401');

  expect(await nobody().setup.openLink.mutate({ token: link.token })).toEqual({
    name: 'Anna',
    email: 'anna@acme.example',
    hasPassword: false,
  });
  expect(await refusal(nobody().setup.setPassword.mutate({ token: link.token, password: 'short' }))).toMatchObject({ code: 'invalid' });
  // Two browsers with one link at once: one wins.
  const both = await Promise.allSettled(
    [secret, password()].map((one) => nobody().setup.setPassword.mutate({ token: link.token, password: one })),
  );
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  const last = password();
  expect(await refusal(nobody().setup.setPassword.mutate({ token: link.token, password: last }))).toMatchObject({
    code: 'forbidden',
    remedy: expect.stringContaining('./bulkhead user reset'),
  });
  expect(await refusal(nobody().setup.openLink.mutate({ token: link.token }))).toMatchObject({ code: 'forbidden' });
  const { link: again } = await root.user.reset.mutate({ user: 'anna@acme.example' });
  await nobody().setup.setPassword.mutate({ token: again.token, password: last });
  const session = await signIn(web, 'anna@acme.example', last);
  expect(await session.client.session.current.query({})).toMatchObject({ role: 'member', tenants: ['acme'] });
  session.close();
});

it('a reset ends every session with its use, not before, and the password of before with them', async () => {
  const { link } = await root.user.add.mutate({ name: 'Ben', email: 'ben@acme.example', tenantId: 'acme' });
  const before = password();
  await nobody().setup.setPassword.mutate({ token: link.token, password: before });
  const [one, two] = [await signIn(web, 'ben@acme.example', before), await signIn(web, 'ben@acme.example', before)];
  const made = await root.user.reset.mutate({ user: 'Ben' });
  expect(made.user).toMatchObject({ sessions: 2, hasPassword: true, linkExpiresAt: made.link.expiresAt });
  expect((await one.client.session.current.query({})).role).toBe('member');

  const after = password();
  await nobody().setup.setPassword.mutate({ token: made.link.token, password: after });
  for (const session of [one, two]) {
    expect((await session.client.session.current.query({})).role).toBe('anonymous');
    session.close();
  }
  await expect(signIn(web, 'ben@acme.example', before)).rejects.toThrow('401');
  (await signIn(web, 'ben@acme.example', after)).close();
});

it('a new link kills the one before; one that is an hour old is dead; neither is stored as it is', async () => {
  const { link: first } = await root.user.add.mutate({ name: 'Cy', email: 'cy@acme.example', tenantId: 'acme' });
  const { user, link: second } = await root.user.reset.mutate({ user: 'CY@acme.example' });
  expect(await refusal(nobody().setup.openLink.mutate({ token: first.token }))).toMatchObject({ code: 'forbidden' });
  await nobody().setup.openLink.mutate({ token: second.token });
  const { client } = web.database.web;
  expect(JSON.stringify(await client.verification.findMany())).not.toContain(second.token);
  expect(web.log()).not.toContain(second.token);
  await client.verification.updateMany({ where: { identifier: { contains: user.id } }, data: { expiresAt: new Date(Date.now() - 1) } });
  expect(await refusal(nobody().setup.setPassword.mutate({ token: second.token, password: password() }))).toMatchObject({
    code: 'forbidden',
  });
  expect((await root.user.list.query({})).find(({ id }) => id === user.id)).not.toHaveProperty('linkExpiresAt');
});

it('says who is meant: unknown, several of one name, an email that is taken', async () => {
  expect(await refusal(root.user.reset.mutate({ user: 'zoe@acme.example' }))).toMatchObject({
    code: 'not-found',
    message: 'there is no user zoe@acme.example',
  });
  for (const email of ['dan@acme.example', 'dan@globex.example'])
    await root.user.add.mutate({ name: 'Dan', email, tenantId: email.split(/[@.]/)[1] ?? '' });
  expect(await refusal(root.user.reset.mutate({ user: 'Dan' }))).toMatchObject({
    code: 'conflict',
    remedy: expect.stringContaining('dan@globex.example'),
  });
  expect(await refusal(root.user.add.mutate({ name: 'D', email: 'DAN@acme.example', tenantId: 'acme' }))).toMatchObject({
    code: 'conflict',
    message: 'there is a user dan@acme.example already',
  });
});

it('a removed user is out at once, with its link; the last administrator stays', async () => {
  const { user, link } = await root.user.add.mutate({ name: 'Eve', email: 'eve@acme.example', tenantId: 'acme' });
  const secret = password();
  await nobody().setup.setPassword.mutate({ token: link.token, password: secret });
  const session = await signIn(web, 'eve@acme.example', secret);
  const { link: open } = await root.user.reset.mutate({ user: user.id });
  await root.user.remove.mutate({ user: 'eve@acme.example' });
  expect((await session.client.session.current.query({})).role).toBe('anonymous');
  session.close();
  expect(await refusal(nobody().setup.openLink.mutate({ token: open.token }))).toMatchObject({ code: 'forbidden' });
  const { client } = web.database.web;
  expect(await client.account.count({ where: { userId: user.id } })).toBe(0);
  expect(await client.session.count({ where: { userId: user.id } })).toBe(0);
  expect(await refusal(root.user.remove.mutate({ user: 'ada@example.org' }))).toMatchObject({
    code: 'conflict',
    message: 'ada@example.org is the only administrator',
  });
});
