import { afterAll, beforeAll, expect, it } from 'vitest';
import { accessibilityTroubles, openBrowser, type TestBrowser } from '../support/browser.ts';
import { startInstance, type TestInstance } from '../support/instance.ts';

/** A tenant's member in a whole instance: invited by root, signed in through a link, shown its own tenant and nothing else. */
let instance: TestInstance;
let browser: TestBrowser;
const secrets = ['the first passphrase of Anna', 'the second passphrase of Anna'] as const;
const ids: Record<string, string> = {};

const linkOf = (text: string): string => /https?:\S+\/setup\?link=\S+/.exec(text)?.[0] ?? '';
const row = (name: string) => browser.page.locator(`tr[data-container="${name}"]`);

function start(name: string, tenant: string): void {
  const { code, stderr } = instance.run('run', '--detach', '--name', name, '--tenant', tenant, '--', 'sleep', '1000');
  expect([code, stderr]).toEqual([0, '']);
  const [found] = JSON.parse(instance.run('inspect', name).stdout) as [{ id: string }];
  ids[name] = found.id;
}

async function setPassword(link: string, secret: string): Promise<void> {
  const { page } = browser;
  await page.goto(link);
  await page.locator('input[name=password]').fill(secret);
  await page.locator('input[name=repeat]').fill(secret);
  await page.getByRole('button', { name: 'Set password and sign in' }).click();
  await page.waitForURL(`${instance.url}/`);
}

beforeAll(async () => {
  instance = await startInstance();
  start('acme-web', 'acme');
  start('globex-web', 'globex');
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await instance?.[Symbol.asyncDispose]();
});

it('the link that root makes leads to a page that sets a password, and leaves no trace in the address', async () => {
  const added = instance.run('user', 'add', 'Anna', '--tenant', 'acme', '--email', 'anna@acme.example');
  expect([added.code, added.stderr]).toEqual([0, '']);
  expect(added.stdout).toMatch(/^anna@acme\.example of acme sets a password here, once and within an hour: http\S+\n$/);
  expect(instance.run('user', 'ls').stdout).toMatch(/^anna@acme\.example +Anna +member +acme +link for 59 minutes +0$/m);
  const { page } = browser;
  await page.goto(linkOf(added.stdout));
  await page.getByText('Welcome, Anna.').waitFor();
  expect(page.url()).toBe(`${instance.url}/setup`);
  expect(await accessibilityTroubles(page)).toEqual([]);
  await setPassword(linkOf(added.stdout), secrets[0]);
  expect(browser.troubles).toEqual([]);
});

it('a member sees the containers of its tenant alone, also those that come, and can open no other', async () => {
  const { page } = browser;
  await page.goto(`${instance.url}/containers`);
  await row('acme-web').waitFor();
  expect(await row('globex-web').count()).toBe(0);
  start('globex-later', 'globex');
  start('acme-later', 'acme');
  await row('acme-later').waitFor();
  // What comes for another tenant came before it.
  expect(
    await page.locator('tr[data-container]').evaluateAll((rows) => rows.map((each) => each.getAttribute('data-container')).sort()),
  ).toEqual(['acme-later', 'acme-web']);
  expect(await page.content()).not.toContain('globex');

  const shown = async (id: string): Promise<string> => {
    await page.goto(`${instance.url}/containers/${id}`);
    await page.getByText('Unknown container').waitFor();
    return ((await page.locator('main').textContent()) ?? '').replaceAll(id, '<id>').replace(/Reference \w+/, 'Reference');
  };
  expect(await shown(ids['globex-web'] ?? '')).toBe(await shown('0123456789abcdef'));
  await page.goto(`${instance.url}/containers/${ids['acme-web']}`);
  await page.getByRole('heading', { name: 'acme-web' }).waitFor();
  await page.goto(`${instance.url}/events`);
  await page.getByText('acme-web').first().waitFor();
  expect(await page.content()).not.toContain('globex');
});

it('a member is shown no cgroup of the host, nor anything to do to one', async () => {
  const { page } = browser;
  for (const path of ['/cgroups', '/cgroups/at', '/cgroups/at/init.scope?tab=settings']) {
    await page.goto(`${instance.url}${path}`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    expect(await page.locator('[data-cgroup], [data-setting], [data-menu]').count(), path).toBe(0);
  }
  // Asking past the page is refused as well.
  const asked = await page.evaluate(async () => {
    const ask = (path: string, input: object) =>
      fetch(`/api/trpc/${path}?input=${encodeURIComponent(JSON.stringify(input))}`, { headers: { 'x-bulkhead-client': 'web' } });
    return await Promise.all([
      ask('cgroup.settings', { path: '/' }).then(({ status }) => status),
      ask('cgroup.processes', { path: '/' }).then(({ status }) => status),
      ask('cgroup.plan', { path: '/', verb: 'kill' }).then(({ status }) => status),
    ]);
  });
  expect(asked).toEqual([403, 403, 403]);
});

it('a reset by root ends the session that is open when its link is used, and the old password', async () => {
  const { page, context } = browser;
  await page.goto(`${instance.url}/containers`);
  await row('acme-web').waitFor();
  const reset = instance.run('user', 'reset', 'Anna');
  expect(reset.stdout).toMatch(
    /^anna@acme\.example sets a new password here, which ends its sessions, once and within an hour: http\S+\n$/,
  );
  const session = await context.cookies();
  // A page that finds its cookie gone goes to sign-in by itself, at any moment.
  await page.goto('about:blank');
  await context.clearCookies();
  await setPassword(linkOf(reset.stdout), secrets[1]);

  await page.goto('about:blank');
  await context.clearCookies();
  await context.addCookies(session);
  await page.goto(`${instance.url}/containers`);
  await page.waitForURL(/\/sign-in/);
  for (const [secret, path] of [
    [secrets[0], /\/sign-in/],
    [secrets[1], /\/containers/],
  ] as const) {
    await page.locator('input[name=email]').fill('anna@acme.example');
    await page.locator('input[name=password]').fill(secret);
    const answered = page.waitForResponse((response) => response.url().endsWith('/sign-in/email'));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await answered;
    await page.waitForURL(path);
  }
  await row('acme-web').waitFor();

  await page.goto(linkOf(reset.stdout));
  await page.getByText('this link is not valid, or not any more').waitFor();
});

it('a user that root removes is out', async () => {
  const { page } = browser;
  expect(instance.run('user', 'rm', 'anna@acme.example')).toMatchObject({ code: 0, stdout: 'anna@acme.example\n' });
  expect(instance.run('user', 'rm', 'anna@acme.example')).toMatchObject({
    code: 1,
    stderr: 'bulkhead: there is no user anna@acme.example\n  ./bulkhead user ls tells who there is\n',
  });
  await page.goto(`${instance.url}/containers`);
  await page.waitForURL(/\/sign-in/);
});
