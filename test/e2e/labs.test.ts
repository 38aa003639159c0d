import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { accessibilityTroubles, type TestBrowser } from '../support/browser.ts';
import { openDashboard, type TestDashboard } from '../support/control/dashboard.ts';
import { makeMember } from '../support/control/session.ts';
import type { TestWeb } from '../support/control/web.ts';

/** What people do with labs, in a real browser, against an agent that holds to the contract. */
let dashboard: TestDashboard;
let web: TestWeb;
let browser: TestBrowser;
let page: Page;

const card = (kind: string) => page.locator(`[data-lab="${kind}"]`);
const openLabs = async () => {
  await page.goto(`${web.origin}/labs`);
  await card('shares').waitFor();
};

beforeAll(async () => {
  dashboard = await openDashboard();
  ({ web, browser, page } = dashboard);
});

beforeEach(() => {
  browser.troubles.length = 0;
});

afterAll(async () => {
  await dashboard?.[Symbol.asyncDispose]();
});

describe('a lab', () => {
  it('teaches before it runs: what it is for, in the words of both versions, and why it cannot be had here', async () => {
    await openLabs();
    await card('shares').getByText('split 20 to 80').waitFor();
    for (const word of ['cpu.shares', 'cpu.weight', 'cpuset.cpus']) await card('shares').getByText(word, { exact: true }).first().waitFor();
    await card('memory').getByText('memory.limit_in_bytes', { exact: true }).first().waitFor();
    await card('memory').getByText('memory.max', { exact: true }).waitFor();
    await card('io').getByText('without a disk of its own').waitFor();
    expect(await card('io').getByRole('button', { name: 'Run' }).count()).toBe(0);
    expect(browser.troubles).toEqual([]);
  });

  it('runs at a click, draws itself, keeps others waiting, and ends with a verdict and a line of history', async () => {
    await openLabs();
    const shares = card('shares');
    await shares.getByLabel('Seconds').fill('3');
    await shares.getByRole('button', { name: 'Run' }).click();
    await shares.getByText('Running', { exact: true }).waitFor();
    await card('pids').getByText('Shares is running; one lab at a time').waitFor();
    expect(await card('pids').getByRole('button', { name: 'Run' }).isDisabled()).toBe(true);
    await shares.getByRole('img', { name: /^Split so far: (?:19|20|21)/ }).waitFor();
    await shares.getByRole('img', { name: /Shares over time: 200 shares 0\.\d+ cores, 800 shares 0\.\d+ cores/ }).waitFor();
    expect(await shares.locator('polyline').count()).toBe(2);
    // While it runs too.
    expect(await accessibilityTroubles(page)).toEqual([]);
    await shares.getByText('As expected', { exact: true }).waitFor({ timeout: 8000 });
    const verdict = shares.locator('[data-check="less-share"]');
    expect(await verdict.getAttribute('data-passed')).toBe('true');
    expect(await verdict.textContent()).toMatch(/20% ± 2 points\s*20\.04%/);
    const run = page.locator('tr[data-run]').first();
    await run.getByText('As expected').waitFor();
    expect(await run.textContent()).toContain('Shares');
    await run.getByRole('link', { name: 'Details' }).click();
    await page.getByRole('dialog').getByText('less-share').waitFor();
    expect(browser.troubles).toEqual([]);
  });

  it('shows what it wrote as commands to copy, and all it did', async () => {
    await browser.context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: web.origin });
    web.agent.labs.past('shares');
    await openLabs();
    await card('shares').getByRole('button', { name: 'Copy' }).click();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(copied.split('\n')).toEqual([
      'echo 3 > /sys/fs/cgroup/cpuset/bulkhead-abc/lab/0123456789abcdef/init/cpuset.cpus',
      'echo 200 > /sys/fs/cgroup/cpu/bulkhead-abc/lab/0123456789abcdef/cpu.shares',
      'echo 800 > /sys/fs/cgroup/cpu/bulkhead-abc/lab/fedcba9876543210/cpu.shares',
    ]);
    await card('shares').locator('summary').click();
    await card('shares').getByText('removed').waitFor();
    expect(await card('shares').locator('details li').count()).toBe(7);
  });

  it('stops at a click, and is told to who looks from elsewhere', async () => {
    await openLabs();
    await card('freeze').getByLabel('Seconds').fill('20');
    await card('freeze').getByRole('button', { name: 'Run' }).click();
    const other = await browser.context.newPage();
    await other.goto(`${web.origin}/labs`);
    await other.locator('[data-lab="freeze"]').getByText('Running', { exact: true }).waitFor();
    await card('freeze').getByRole('button', { name: 'Stop' }).click();
    for (const each of [page, other]) await each.locator('[data-lab="freeze"]').getByText('Stopped', { exact: true }).waitFor();
    await other.close();
    expect(web.agent.calls.filter(({ path }) => path === 'lab.stop')).toHaveLength(1);
  });

  it('works without a mouse: from the palette to its card, and Enter in the seconds runs it', async () => {
    await page.goto(web.origin);
    await page.locator('[data-count="running"]').waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('l');
    await card('shares').waitFor();
    await page.keyboard.press('Control+k');
    const palette = page.getByRole('dialog');
    await palette.getByRole('textbox').waitFor();
    await page.keyboard.type('lab fork');
    await palette.getByRole('button', { name: 'Lab: Fork bomb' }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/labs#pids$/);
    await card('pids').getByLabel('Seconds').focus();
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type('2');
    await page.keyboard.press('Enter');
    await card('pids').getByText('As expected', { exact: true }).waitFor({ timeout: 8000 });
  });

  it('tells what is in the way where it is refused, and keeps what was typed', async () => {
    await openLabs();
    // Begun elsewhere, a moment before the click.
    await page.route('**/api/trpc/lab.start*', async (route) => {
      web.agent.labs.start({ lab: 'quota', seconds: 2 });
      await route.continue();
    });
    await card('memory').getByLabel('Seconds').fill('7');
    await card('memory').getByRole('button', { name: 'Run' }).click();
    await card('memory').getByText('The lab quota is running').waitFor();
    expect(await card('memory').getByLabel('Seconds').inputValue()).toBe('7');
    await page.unroute('**/api/trpc/lab.start*');
    await card('quota').getByText('As expected', { exact: true }).waitFor({ timeout: 8000 });
  });

  it('is for administrators: a member is told so, and offered no way to it', async () => {
    const member = await makeMember(web, 'mia@acme.example', ['acme']);
    await using fresh = await browser.openFresh();
    await fresh.signIn(web.origin, member.cookie);
    member.close();
    await fresh.page.goto(`${web.origin}/labs`);
    await fresh.page.getByText('administrators').first().waitFor();
    expect(await fresh.page.locator('[data-lab]').count()).toBe(0);
    expect(await fresh.page.getByRole('link', { name: 'Labs' }).count()).toBe(0);
  });
});
