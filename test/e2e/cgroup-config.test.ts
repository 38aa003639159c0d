import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { articleConfig } from '../../packages/cgroup/test/cgconfig-samples.ts';
import { accessibilityTroubles, screenshots, type TestBrowser } from '../support/browser.ts';
import { openDashboard, type TestDashboard } from '../support/control/dashboard.ts';
import { makeMember } from '../support/control/session.ts';
import type { TestWeb } from '../support/control/web.ts';

/** A cgconfig.conf in a real browser: typed, looked at, applied, taken back, made of what is there. */
const patience = { timeout: 8_000 };
let dashboard: TestDashboard;
let web: TestWeb;
let browser: TestBrowser;
let page: Page;

let administrator: string;

beforeAll(async () => {
  dashboard = await openDashboard();
  ({ web, browser, page, administrator } = dashboard);
});
beforeEach(() => {
  browser.troubles.length = 0;
});
afterAll(async () => {
  await dashboard?.[Symbol.asyncDispose]();
});

const editor = () => page.getByLabel('Text of the configuration');
const apply = () => page.getByRole('button', { name: 'Apply…' });
const openPage = async () => {
  await page.goto(`${web.origin}/cgroups/configs`);
  await editor().waitFor();
  await page.getByText('No configuration is kept on this host.').or(page.locator('[data-config]').first()).waitFor();
};

it('is reached from the cgroups, and shows both versions side by side while it is typed', async () => {
  await page.goto(`${web.origin}/cgroups`);
  await page.getByRole('link', { name: 'cgconfig.conf…' }).click();
  await page.waitForURL(/\/cgroups\/configs$/);
  await editor().fill(articleConfig);
  const [v1, v2] = [page.locator('[data-side="v1"]'), page.locator('[data-side="v2"]')];
  await v1.locator('[data-group="/lesscpu"] [data-file="cpu.shares"]').getByText('200', { exact: true }).waitFor(patience);
  await v2.locator('[data-group="/lesscpu"] [data-file="cpu.weight"]').getByText('20', { exact: true }).waitFor();
  await v2.locator('[data-group="/morecpu"] [data-file="cpu.weight"]').getByText('78', { exact: true }).waitFor();
  await v2.locator('[data-note="approximate"]').first().waitFor();
  await v1.getByText('this host').waitFor();
  expect(await v2.getByText('this host').count()).toBe(0);
  await page.getByText('echo 800 > /sys/fs/cgroup/cpu/morecpu/cpu.shares').waitFor();
  expect(web.agent.configs.configs.size).toBe(0);
  expect(browser.troubles).toEqual([]);
});

it('shows what is wrong at its line, with a caret under the place, and cannot be applied', async () => {
  await openPage();
  await editor().fill('group lesscpu {\n\tcpu {\n\t\tcpu.shares 200;\n\t}\n}\n');
  const fault = page.locator('[data-fault="3:14"]');
  await fault.getByText('expected "=", found the word "200"').waitFor(patience);
  const [line, caret] = ((await fault.locator('pre').textContent()) ?? '').split('\n');
  expect(line).toBe('\t\tcpu.shares 200;');
  expect(caret).toBe('\t\t           ^');
  expect(await apply().isDisabled()).toBe(true);
  expect(await accessibilityTroubles(page)).toEqual([]);
  await page.screenshot({ path: join(screenshots, 'cgroup-config-fault.png'), fullPage: true });
  await fault.getByRole('button', { name: 'Line 3, column 14' }).click();
  expect(await editor().evaluate((area) => (area as HTMLTextAreaElement).selectionStart)).toBe(
    'group lesscpu {\n\tcpu {\n\t\tcpu.shares '.length,
  );
  await page.keyboard.insertText('= ');
  await fault.waitFor({ state: 'detached', ...patience });
  await expect.poll(() => apply().isEnabled(), patience).toBe(true);
});

it('is opened from a file, applied after a question, and listed as in force', async () => {
  await openPage();
  await page
    .locator('input[type=file]')
    .setInputFiles({ name: 'article.conf', mimeType: 'text/plain', buffer: Buffer.from(articleConfig) });
  await expect.poll(() => editor().inputValue(), patience).toBe(articleConfig);
  expect(await page.getByLabel('Name').inputValue()).toBe('article');
  await expect.poll(() => apply().isEnabled(), patience).toBe(true);
  await apply().click();
  const dialog = page.getByRole('dialog', { name: 'Apply article?' });
  await dialog.getByText('mkdir /sys/fs/cgroup/cpu/lesscpu').waitFor();
  expect(web.agent.configs.configs.size).toBe(0);
  await dialog.getByRole('button', { name: 'Apply', exact: true }).click();
  await dialog.getByText('article is in force').waitFor();
  expect(await accessibilityTroubles(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Close' }).last().click();
  const entry = page.locator('[data-config="article"]');
  await entry.getByText('in force').waitFor();
  await entry.getByRole('link', { name: /^\/morecpu/ }).waitFor();
  expect(web.agent.configs.configs.get('article')?.text).toBe(articleConfig);
  // The same once more changes nothing, and says so.
  await page.getByText('All is so already').waitFor(patience);
  const downloading = page.waitForEvent('download');
  await entry.getByRole('button', { name: 'Download' }).click();
  expect(readFileSync(await (await downloading).path(), 'utf8')).toBe(articleConfig);
  expect(browser.troubles).toEqual([]);
});

it('is removed after a question, which tells what went', async () => {
  await openPage();
  const entry = page.locator('[data-config="article"]');
  await entry.getByRole('button', { name: 'Edit' }).click();
  expect(await editor().inputValue()).toBe(articleConfig);
  await entry.getByRole('button', { name: 'Remove…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Remove article?' });
  await dialog.getByText('/lesscpu /morecpu').waitFor();
  await dialog.getByRole('button', { name: 'Remove', exact: true }).click();
  await dialog.getByText('article is forgotten, 2 groups are removed').waitFor();
  await dialog.getByRole('button', { name: 'Close' }).last().click();
  await entry.waitFor({ state: 'detached' });
  await page.getByText('No configuration is kept on this host.').waitFor();
  expect(web.agent.configs.configs.size).toBe(0);
});

it('that the policy of the host does not allow from here says so, and cannot be applied', async () => {
  web.agent.configs.refusals = [
    'the policy of this host does not let a control plane make groups in a cgroup that is not of this instance',
  ];
  try {
    await openPage();
    await editor().fill(articleConfig);
    await page.getByRole('alert').getByText('the policy of this host does not let a control plane make groups').waitFor(patience);
    expect(await apply().isDisabled()).toBe(true);
    expect(await accessibilityTroubles(page)).toEqual([]);
  } finally {
    web.agent.configs.refusals = [];
  }
});

it('is made of a group that is there, in the words that are asked for', async () => {
  await page.goto(`${web.origin}/cgroups/configs?export=/lesscpu`);
  await page.getByText('No configuration is kept on this host.').waitFor();
  expect(await page.getByLabel('Path').inputValue()).toBe('/lesscpu');
  await page.getByLabel('Words').selectOption('v2');
  const downloading = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download' }).last().click();
  const download = await downloading;
  expect(download.suggestedFilename()).toBe('lesscpu.conf');
  expect(readFileSync(await download.path(), 'utf8')).toContain('cpu.weight = 20;');
});

it('speaks Chinese too', async () => {
  await browser.context.addCookies([{ name: 'bulkhead-locale', value: 'zh', url: web.origin }]);
  await page.goto(`${web.origin}/cgroups/configs`);
  await page.getByRole('button', { name: '示例' }).click();
  await page.locator('[data-side="v2"] [data-note="approximate"]').first().getByText('并不完全相同').waitFor(patience);
  await page.getByRole('heading', { name: '生效中' }).waitFor();
  await browser.context.addCookies([{ name: 'bulkhead-locale', value: 'en', url: web.origin }]);
});

it.each([
  ['light', 1440],
  ['dark', 1440],
  ['light', 390],
  ['dark', 390],
] as const)('with a preview open is accessible and no wider than the screen (%s, %i px)', async (colorScheme, width) => {
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
  await page.setViewportSize({ width, height: 900 });
  await openPage();
  await editor().fill(
    `${articleConfig}group site { perm { task { gid = www-data; } admin { uid = 0; fperm = 664; } } memory { memory.limit_in_bytes = 512M; memory.swappiness = 10; } freezer {} }\n`,
  );
  await page.locator('[data-side="v2"] [data-note="no-equivalent"]').waitFor(patience);
  expect(await accessibilityTroubles(page)).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0);
  await page.screenshot({ path: join(screenshots, `cgroup-config-preview-${colorScheme}-${width}.png`), fullPage: true });
  await page.setViewportSize({ width: 1440, height: 900 });
});

it('is for administrators alone', async () => {
  const member = await makeMember(web, 'anna@acme.example', ['acme']);
  await browser.signIn(web.origin, member.cookie);
  await page.goto(`${web.origin}/cgroups/configs`);
  await page.getByText('For administrators').first().waitFor();
  expect(await editor().count()).toBe(0);
  await browser.signIn(web.origin, administrator);
});
