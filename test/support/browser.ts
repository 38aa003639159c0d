import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

/** Debian's own; nothing is downloaded. */
const executablePath = '/usr/bin/chromium';
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export const screenshots = join(import.meta.dirname, '../../.bootstrap/screenshots');

export interface TestBrowser {
  context: BrowserContext;
  page: Page;
  /** What went wrong in any page so far: errors on the console, exceptions, failed requests. */
  troubles: string[];
  [Symbol.asyncDispose](): Promise<void>;
}

/** A Chromium with a profile of its own that nobody else uses. */
export async function openBrowser(): Promise<TestBrowser> {
  const profile = mkdtempSync(join(tmpdir(), 'bulkhead-chromium-'));
  mkdirSync(screenshots, { recursive: true });
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: flags,
    viewport: { width: 1440, height: 900 },
    locale: 'en-US',
    ignoreHTTPSErrors: true,
  });
  const troubles: string[] = [];
  const watch = (page: Page) => {
    page.on('console', (message) => {
      if (message.type() === 'error') troubles.push(`${page.url()} console: ${message.text()} (${message.location().url})`);
    });
    page.on('pageerror', (error) => troubles.push(`${page.url()} exception: ${error.message}`));
    page.on('response', (response) => {
      if (response.status() >= 400) troubles.push(`${page.url()} ${response.status()} of ${response.url()}`);
    });
    page.on('requestfailed', (request) => {
      // A page that is left ends what it was asking for.
      if (request.failure()?.errorText !== 'net::ERR_ABORTED')
        troubles.push(`${page.url()} ${request.failure()?.errorText} of ${request.url()}`);
    });
  };
  context.on('page', watch);
  for (const page of context.pages()) watch(page);
  return {
    context,
    page: context.pages()[0] ?? (await context.newPage()),
    troubles,
    async [Symbol.asyncDispose]() {
      await context.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Violations of WCAG level A and AA, one line each. */
export async function accessibilityTroubles(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`);
}
