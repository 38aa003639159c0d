import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { accessibilityTroubles, openBrowser, type TestBrowser } from '../support/browser.ts';
import { password } from '../support/control/session.ts';
import { startTestWeb, type TestWeb } from '../support/control/web.ts';

/** What people do with the dashboard, in a real browser, against an agent that holds to the contract. */
let web: TestWeb;
let browser: TestBrowser;
let page: Page;
const secret = password();

const row = (name: string) => page.locator(`tr[data-container="${name}"]`);
const order = () => page.locator('tr[data-container]').evaluateAll((rows) => rows.map((element) => element.getAttribute('data-container')));

beforeAll(async () => {
  web = await startTestWeb();
  browser = await openBrowser();
  page = browser.page;
});

beforeEach(() => {
  browser.troubles.length = 0;
});

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await web?.[Symbol.asyncDispose]();
});

it('the set-up link makes the first administrator and leaves no trace in the address', async () => {
  await page.goto(`${web.origin}/setup?token=${web.setupToken}`);
  await page.locator('input[name=name]').fill('Ada');
  expect(page.url()).toBe(`${web.origin}/setup`);
  expect(await accessibilityTroubles(page)).toEqual([]);
  await page.locator('input[name=email]').fill('ada@example.org');
  await page.locator('input[name=password]').fill('short');
  await page.locator('input[name=repeat]').fill('short');
  await page.getByRole('button', { name: 'Create administrator' }).click();
  await page.locator('input[name=password][aria-invalid=true]').waitFor({ timeout: 2_000 });
  expect(await page.locator('input[name=name]').inputValue()).toBe('Ada');
  await page.locator('input[name=password]').fill(secret);
  await page.locator('input[name=repeat]').fill(secret);
  await page.getByRole('button', { name: 'Create administrator' }).click();
  await page.waitForURL(`${web.origin}/`);
  await page.getByRole('heading', { name: 'debian-1' }).waitFor();
  expect(browser.troubles).toEqual([]);
});

it('signing out and in leads back to the page one wanted', async () => {
  await page.getByRole('button', { name: 'Account and preferences' }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.waitForURL(`${web.origin}/sign-in`);
  await page.goto(`${web.origin}/containers?sort=name`);
  await page.waitForURL(/\/sign-in\?next=/);
  expect(await accessibilityTroubles(page)).toEqual([]);
  browser.troubles.length = 0;
  await page.locator('input[name=email]').fill('ada@example.org');
  await page.locator('input[name=password]').fill('not the password');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('That did not match').waitFor();
  expect(await page.locator('input[name=email]').inputValue()).toBe('ada@example.org');
  await page.locator('input[name=password]').fill(secret);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL(`${web.origin}/containers?sort=name`);
});

it('an empty list teaches the command that fills it', async () => {
  await page.getByRole('heading', { name: 'No containers yet' }).waitFor();
  await page.getByText('./bulkhead run -d --name hello').waitFor();
  expect(await accessibilityTroubles(page)).toEqual([]);
});

describe('live', () => {
  it('a container appears within a second and its end too, without a reload', async () => {
    await page.evaluate(() => Object.assign(window, { loadedOnce: true }));
    web.agent.add({ name: 'first' });
    const startedMsec = Date.now();
    await row('first').waitFor({ timeout: 1_000 });
    await row('first').getByText('Running').filter({ visible: true }).waitFor({ timeout: 1_000 });
    const second = web.agent.add({ name: 'second' });
    await row('second').waitFor({ timeout: 1_000 });
    web.agent.change(second.id, { status: 'stopped', exitStatus: { kind: 'exited', code: 3 }, finishedAt: new Date().toISOString() });
    await row('second').getByText('Exited (3)').filter({ visible: true }).waitFor({ timeout: 1_000 });
    web.agent.remove(second.id);
    await row('second').getByText('Deleted').filter({ visible: true }).waitFor({ timeout: 1_000 });
    await row('second').waitFor({ state: 'detached', timeout: 6_000 });
    expect(Date.now() - startedMsec).toBeLessThan(10_000);
    expect(await page.evaluate(() => 'loadedOnce' in window)).toBe(true);
    expect(browser.troubles).toEqual([]);
  });

  it('shows what is used, and a dash with its reason where nothing is measured', async () => {
    await row('first')
      .getByText(/0\.\d+ cores/)
      .first()
      .waitFor({ timeout: 5_000 });
    web.agent.add({ name: 'idle', status: 'created' });
    await row('idle').getByTitle('Not measured: it is not running').first().waitFor();
    expect(await row('idle').textContent()).not.toMatch(/\b0 cores/);
  });

  it('rows keep their order while the pointer is among them', async () => {
    await page.goto(`${web.origin}/containers?sort=-cpu`);
    const slow = web.agent.add({ name: 'slow' });
    const fast = web.agent.add({ name: 'fast' });
    web.agent.backfill(slow.id, 5, { cpuMillis: 10, memoryBytes: 2_000_000 });
    web.agent.backfill(fast.id, 5, { cpuMillis: 900, memoryBytes: 2_000_000 });
    await expect.poll(async () => (await order()).indexOf('fast') - (await order()).indexOf('slow'), { timeout: 10_000 }).toBeLessThan(0);
    await row('slow').hover();
    const before = await order();
    web.agent.backfill(slow.id, 5, { cpuMillis: 3_000, memoryBytes: 2_000_000 });
    await page.waitForTimeout(5_000);
    expect(await order()).toEqual(before);
    await page.mouse.move(700, 5);
    await expect
      .poll(async () => (await order()).indexOf('fast') - (await order()).indexOf('slow'), { timeout: 10_000 })
      .toBeGreaterThan(0);
  });

  it('says that the agent is away, keeps what was known, and goes on by itself', async () => {
    await page.goto(`${web.origin}/containers`);
    await row('first').waitFor();
    await web.agent.crash();
    await page.getByText('The agent does not answer, reconnecting').waitFor({ timeout: 5_000 });
    expect(await row('first').count()).toBe(1);
    web.agent.add({ name: 'meanwhile' });
    await web.agent.start();
    await page.getByText('The agent does not answer, reconnecting').waitFor({ state: 'detached', timeout: 5_000 });
    await row('meanwhile').waitFor({ timeout: 5_000 });
    await row('first')
      .getByText(/0\.\d+ cores/)
      .first()
      .waitFor({ timeout: 5_000 });
  });

  it('a chart goes on after the agent was started anew, with a gap where nobody measured', async () => {
    const container = web.agent.add({ name: 'charted' });
    web.agent.backfill(container.id, 300, { cpuMillis: 400, memoryBytes: 20_000_000 });
    await page.goto(`${web.origin}/containers/${container.id}`);
    await page.locator('.u-over').first().waitFor();
    const chart = page.getByRole('img', { name: /^CPU\. now/ });
    await chart.waitFor();
    await web.agent.crash();
    web.agent.forget(container.id);
    await page.waitForTimeout(7_000);
    const restartedMsec = Date.now();
    await web.agent.start();
    await page.waitForTimeout(4_000);
    await page.keyboard.press('t');
    const numbers = page.getByRole('region', { name: 'The charts' });
    await numbers.waitFor();
    const timesMsec = (await numbers.locator('tbody th').allTextContents()).map((text) => Date.parse(text));
    expect(timesMsec.length).toBeGreaterThan(250);
    // Newest first: measured again after the restart, and nothing made up for the time between.
    expect(timesMsec[0]).toBeGreaterThan(restartedMsec);
    const pausesMsec = timesMsec.slice(1).map((atMsec, index) => (timesMsec[index] ?? 0) - atMsec);
    expect(Math.max(...pausesMsec)).toBeGreaterThanOrEqual(6_000);
    expect(pausesMsec.filter((pauseMsec) => pauseMsec > 3_000)).toHaveLength(1);
    await page.keyboard.press('t');
    await chart.waitFor();
  });
});

describe('by keyboard', () => {
  it('goes to pages, searches and helps', async () => {
    await page.goto(`${web.origin}/`);
    await page.getByRole('heading', { name: 'debian-1' }).waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('c');
    await page.waitForURL(`${web.origin}/containers`);
    await row('first').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('meanw');
    await expect.poll(order).toEqual(['meanwhile']);
    expect(page.url()).toBe(`${web.origin}/containers?q=meanw`);
    await page.keyboard.press('Escape');
    await row('first').waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    expect(await accessibilityTroubles(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.keyboard.press('g');
    await page.keyboard.press('e');
    await page.waitForURL(`${web.origin}/events`);
    await page.goBack();
    await page.waitForURL(/\/containers/);
  });

  it('moves along rows and opens one', async () => {
    await page.goto(`${web.origin}/containers?sort=name`);
    await row('charted').waitFor();
    await row('charted').focus();
    await page.keyboard.press('ArrowDown');
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('data-container'))).toBe('fast');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'fast' }).waitFor();
  });
});

describe('actions', () => {
  it('say what they do, do it and show how', async () => {
    await page.goto(`${web.origin}/containers`);
    await row('first').getByRole('button', { name: 'Actions for first' }).click();
    await page.getByRole('menuitem', { name: 'Stop' }).click();
    const dialog = page.getByRole('dialog', { name: 'Stop first' });
    await dialog.getByText('SIGTERM').first().waitFor();
    expect(await accessibilityTroubles(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Stop' }).click();
    await dialog.getByText('first was stopped').waitFor();
    await dialog.getByText('clone3').waitFor();
    await dialog.getByText('The same by hand').waitFor();
    expect(await accessibilityTroubles(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Close' }).last().click();
    await row('first').getByText('Ended by SIGTERM').filter({ visible: true }).waitFor();
  });

  it('that destroy want the name', async () => {
    await row('first').getByRole('button', { name: 'Actions for first' }).click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    const dialog = page.getByRole('dialog', { name: 'Delete first' });
    const destroy = dialog.getByRole('button', { name: 'Delete' });
    expect(await destroy.isDisabled()).toBe(true);
    await dialog.getByRole('textbox').fill('first');
    await destroy.click();
    await dialog.getByText('first was deleted').waitFor();
    await page.keyboard.press('Escape');
    await row('first').waitFor({ state: 'detached', timeout: 8_000 });
    await page.getByText('Deleted', { exact: true }).first().click();
    await page.waitForURL(/show=gone/);
    await page.getByRole('link', { name: 'first' }).click();
    await page.getByText('This container was deleted').waitFor();
    expect(browser.troubles.filter((trouble) => !trouble.includes('404'))).toEqual([]);
  });

  it('that fail say why, what to do and under which reference', async () => {
    const container = web.agent.add({ name: 'vanishing' });
    await page.goto(`${web.origin}/containers`);
    await row('vanishing').getByRole('button', { name: 'Actions for vanishing' }).click();
    await page.getByRole('menuitem', { name: 'Stop' }).click();
    const dialog = page.getByRole('dialog', { name: 'Stop vanishing' });
    web.agent.remove(container.id);
    await dialog.getByRole('button', { name: 'Stop' }).click();
    const alert = dialog.getByRole('alert');
    await alert.waitFor();
    const words = (await alert.textContent()) ?? '';
    expect(words).toContain('There is no container');
    const reference = /Reference ([0-9a-f]{8})/.exec(words)?.[1];
    expect(reference).toBeTruthy();
    expect(web.log()).toContain(String(reference));
  });
});

it('follows output', async () => {
  const container = web.agent.add({ name: 'talker' });
  web.agent.print(container.id, 'before\n');
  await page.goto(`${web.origin}/containers/${container.id}/logs`);
  const log = page.getByRole('log');
  await log.getByText('before').waitFor();
  web.agent.print(container.id, '\u001b[31mlater\u001b[0m\n', 'stderr');
  await log.getByText('later', { exact: true }).waitFor({ timeout: 2_000 });
});

it('changes language and theme and keeps them', async () => {
  await page.goto(`${web.origin}/containers`);
  await page.getByRole('button', { name: /^Language/ }).click();
  await page.getByRole('menuitem', { name: '简体中文' }).click();
  await page.getByRole('heading', { name: '容器' }).waitFor();
  await page.getByRole('button', { name: '账户与偏好' }).click();
  await page.getByTitle('深色').click();
  await expect.poll(() => page.locator('html').getAttribute('data-mantine-color-scheme')).toBe('dark');
  await page.reload();
  expect(await page.locator('html').getAttribute('data-mantine-color-scheme')).toBe('dark');
  await page.getByRole('heading', { name: '容器' }).waitFor();
});

it('stays usable with a thousand containers', async () => {
  await browser.context.clearCookies({ name: 'bulkhead-locale' });
  for (let index = 0; index < 1000; index += 1)
    web.agent.add({ name: `many-${String(index).padStart(4, '0')}`, tenantId: index % 2 === 0 ? 'acme' : 'globex' });
  await page.goto(`${web.origin}/containers?sort=name`);
  await page.locator('tr[data-container]').first().waitFor();
  expect(await page.locator('tr[data-container]').count()).toBeLessThan(80);
  const startedMsec = Date.now();
  await page.locator('input[type=search]').fill('many-0777');
  await expect.poll(order, { interval: 20 }).toEqual(['many-0777']);
  expect(Date.now() - startedMsec).toBeLessThan(1_000);
  await page.locator('input[type=search]').fill('');
  await row('many-0000').waitFor();
  await row('many-0000').focus();
  await page.keyboard.press('End');
  await expect.poll(async () => (await order()).includes('many-0999')).toBe(true);
});
