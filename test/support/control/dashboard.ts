import type { Page } from 'playwright-core';
import { openBrowser, type TestBrowser } from '../browser.ts';
import { setUp } from './session.ts';
import { startTestWeb, type TestWeb } from './web.ts';

/** A dashboard and a browser in which its first administrator is signed in. */
export interface TestDashboard extends AsyncDisposable {
  web: TestWeb;
  browser: TestBrowser;
  page: Page;
  /** Cookie of the administrator. */
  administrator: string;
}

/** @param prepare what the agent of the dashboard is to tell before anybody looks */
export async function openDashboard(prepare: (web: TestWeb) => void = () => {}): Promise<TestDashboard> {
  const web = await startTestWeb();
  try {
    prepare(web);
    const session = await setUp(web);
    session.close();
    const browser = await openBrowser();
    await browser.signIn(web.origin, session.cookie);
    await browser.page.emulateMedia({ reducedMotion: 'reduce' });
    return {
      web,
      browser,
      page: browser.page,
      administrator: session.cookie,
      async [Symbol.asyncDispose]() {
        await browser[Symbol.asyncDispose]();
        await web[Symbol.asyncDispose]();
      },
    };
  } catch (failure) {
    await web[Symbol.asyncDispose]();
    throw failure;
  }
}
