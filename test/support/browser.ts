import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, type BrowserContext, chromium, type Page, type Request } from 'playwright-core';

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

export interface TestTab {
  page: Page;
  /** What went wrong in it so far: errors on the console, exceptions, failed requests. */
  troubles: string[];
  /**
   * Waits until the page has come to rest: its fonts are there, it asks for nothing, and nothing on it has changed for a
   * while. Numbers that are renewed each second never rest for long: no more than a second and a half.
   */
  atRest(): Promise<void>;
}

/** `troubles` are those of all its tabs. */
export interface TestBrowser extends TestTab {
  context: BrowserContext;
  /** From now on whoever `cookie` is of, `name=value` as a session of the dashboard has it. */
  signIn(origin: string, cookie: string): Promise<void>;
  /** A further tab, with the same cookies. */
  openTab(): Promise<TestTab>;
  /** The same browser as a stranger: no cookies, nothing cached. */
  openFresh(): Promise<TestBrowser>;
  [Symbol.asyncDispose](): Promise<void>;
}

const restMsec = 250;
const longestRestMsec = 1500;

/** Resolves when no element was added, taken or changed for a while. Runs in the page. */
const quiet = ({ forMsec, mostMsec }: { forMsec: number; mostMsec: number }): Promise<void> =>
  document.fonts.ready.then(
    () =>
      new Promise((resolve) => {
        const end = () => {
          observer.disconnect();
          clearTimeout(most);
          resolve();
        };
        let waiting = setTimeout(end, forMsec);
        const most = setTimeout(end, mostMsec);
        const observer = new MutationObserver(() => {
          clearTimeout(waiting);
          waiting = setTimeout(end, forMsec);
        });
        observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
      }),
  );

/** @param ofAll told of troubles too */
function watch(page: Page, ofAll: string[]): TestTab {
  const troubles: string[] = [];
  const tell = (trouble: string) => {
    for (const list of [troubles, ofAll]) list.push(`${page.url()} ${trouble}`);
  };
  const asked = new Set<Request>();
  page.on('console', (message) => {
    if (message.type() === 'error') tell(`console: ${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => tell(`exception: ${error.message}`));
  page.on('response', (response) => {
    if (response.status() >= 400) tell(`${response.status()} of ${response.url()}`);
  });
  page.on('request', (request) => asked.add(request));
  page.on('requestfinished', (request) => asked.delete(request));
  page.on('requestfailed', (request) => {
    asked.delete(request);
    // A page that is left ends what it was asking for.
    if (request.failure()?.errorText !== 'net::ERR_ABORTED') tell(`${request.failure()?.errorText} of ${request.url()}`);
  });
  page.on('framenavigated', (frame) => {
    if (frame !== page.mainFrame()) return;
    for (const request of asked) if (!request.isNavigationRequest()) asked.delete(request);
  });
  return {
    page,
    troubles,
    async atRest() {
      const until = performance.now() + longestRestMsec;
      do await page.evaluate(quiet, { forMsec: restMsec, mostMsec: Math.max(restMsec, until - performance.now()) });
      while (asked.size > 0 && performance.now() < until);
    },
  };
}

async function openContext(browser: Browser, onClosed: () => Promise<void>): Promise<TestBrowser> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'en-US', ignoreHTTPSErrors: true });
  const troubles: string[] = [];
  const tabs = new WeakMap<Page, TestTab>();
  context.on('page', (page) => tabs.set(page, watch(page, troubles)));
  const openTab = async () => tabs.get(await context.newPage()) as TestTab;
  return {
    context,
    ...(await openTab()),
    troubles,
    async signIn(url, cookie) {
      const [name = '', ...value] = cookie.split('=');
      await context.addCookies([{ name, value: value.join('='), url, httpOnly: true, sameSite: 'Lax' }]);
    },
    openTab,
    openFresh: () => openContext(browser, () => Promise.resolve()),
    async [Symbol.asyncDispose]() {
      await context.close();
      await onClosed();
    },
  };
}

/** A Chromium with a profile of its own that nobody else uses. */
export async function openBrowser(): Promise<TestBrowser> {
  mkdirSync(screenshots, { recursive: true });
  const browser = await chromium.launch({ executablePath, headless: true, args: flags });
  return await openContext(browser, () => browser.close());
}

/** Violations of WCAG level A and AA, one line each. */
export async function accessibilityTroubles(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page })
    // What passed need not be described, and there are no frames, which want a further page for each look.
    .options({ resultTypes: ['violations'] })
    .setLegacyMode(true)
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])
    .analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`);
}
