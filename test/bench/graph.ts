import type { Page } from 'playwright-core';
import { openBrowser, type TestBrowser } from '../support/browser.ts';
import { crowdHost } from '../support/control/populate-host.ts';
import { setUp } from '../support/control/session.ts';
import { startTestWeb, type TestWeb } from '../support/control/web.ts';
import { type BenchResult, median } from './result.ts';

/** With one inhabitant each, and the ground floor with its own: 500 nodes to draw. */
const rooms = 249;
const visibleNodes = 500;
const manyNamespaces = 10_000;
const panMsec = 6_000;
const frameAimMsec = 20;
const openAimMsec = 1_000;
const openRounds = 7;

async function openSignedIn(web: TestWeb): Promise<TestBrowser> {
  const session = await setUp(web);
  const browser = await openBrowser();
  await browser.signIn(web.origin, session.cookie);
  session.close();
  return browser;
}

const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((left, right) => left - right)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN;

/** Drags the view about with the mouse, as a hand does, and answers with the time between frames. */
async function pan(page: Page): Promise<{ frames: number[]; views: number }> {
  const box = await page.locator('[data-graph]').boundingBox();
  if (box === null) throw new Error('the graph is not there');
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  const measured = page.evaluate(async (lengthMsec) => {
    const frames: number[] = [];
    const views = new Set<string>();
    const viewport = document.querySelector<HTMLElement>('.react-flow__viewport');
    const begin = performance.now();
    let before = begin;
    while (performance.now() - begin < lengthMsec) {
      const now = await new Promise<number>((resolve) => requestAnimationFrame(resolve));
      frames.push(now - before);
      before = now;
      views.add(viewport?.style.transform ?? '');
    }
    return { frames: frames.slice(1), views: views.size };
  }, panMsec);
  const end = performance.now() + panMsec;
  for (let step = 0; performance.now() < end; step += 1) {
    await page.mouse.move(x + 260 * Math.sin(step / 22), y + 120 * Math.sin(step / 15));
    await new Promise((resolve) => setTimeout(resolve, 6));
  }
  const result = await measured;
  await page.mouse.up();
  return result;
}

async function benchPan(): Promise<BenchResult[]> {
  await using web = await startTestWeb();
  crowdHost(web.agent.host, rooms);
  await using browser = await openSignedIn(web);
  const { page, troubles } = browser;
  await page.goto(`${web.origin}/namespaces?view=graph`);
  await page.locator(`[data-graph][data-visible="${visibleNodes}"] [data-room]`).first().waitFor();
  await page.waitForTimeout(1_500);
  const results: BenchResult[] = [];
  for (const [name, zoom] of [
    ['all in sight', 0],
    ['near, most out of sight', 3],
  ] as const) {
    for (let step = 0; step < zoom; step += 1) await page.getByRole('button', { name: 'Zoom in' }).click();
    await page.waitForTimeout(1_000);
    const { frames, views } = await pan(page);
    const ours = median(frames);
    results.push({
      name: `graph, panning ${visibleNodes} nodes, ${name}`,
      unit: 'ms a frame',
      ours,
      peer: Number.NaN,
      floor: 1000 / 60,
      ratio: ours / frameAimMsec,
      goal: { atMost: 1 },
      // A view that hardly moves proves nothing.
      failures: troubles.length + (views < frames.length / 3 ? 1 : 0),
      notes: [`${frames.length} frames, p95 ${quantile(frames, 0.95).toFixed(1)} ms, ${views} views; aim ${frameAimMsec} ms`],
    });
  }
  return results;
}

/** Tells in the page when the first group was drawn, in milliseconds since the load or, where one was, the click began. */
async function watchGroups(page: Page): Promise<void> {
  await page.context().addInitScript(() => {
    const told = { fromMsec: 0, drawnMsec: undefined as number | undefined };
    Object.assign(window, { told });
    addEventListener(
      'click',
      () => {
        told.fromMsec = performance.now();
        told.drawnMsec = undefined;
      },
      true,
    );
    new MutationObserver(() => {
      if (told.drawnMsec !== undefined || document.querySelector('[data-grouped="true"] [data-group]') === null) return;
      told.drawnMsec = performance.now();
      // With the next frame it is on the screen.
      requestAnimationFrame(() => {
        told.drawnMsec = performance.now();
      });
    }).observe(document, { childList: true, subtree: true, attributes: true });
  });
}

async function groupsDrawn(page: Page): Promise<{ msec: number; rooms: number }> {
  await page.locator('[data-graph][data-grouped="true"] [data-group]').first().waitFor();
  await page.waitForTimeout(200);
  const rooms = Number(await page.locator('[data-graph]').getAttribute('data-rooms'));
  const msec = await page.evaluate(() => {
    const { told } = window as unknown as { told: { fromMsec: number; drawnMsec: number } };
    return told.drawnMsec - told.fromMsec;
  });
  return { msec, rooms };
}

async function benchOpen(): Promise<BenchResult[]> {
  await using web = await startTestWeb();
  crowdHost(web.agent.host, manyNamespaces);
  await using browser = await openSignedIn(web);
  const { page, troubles } = browser;
  await watchGroups(page);
  const times = { clicked: [] as number[], loaded: [] as number[] };
  let smallest = Number.POSITIVE_INFINITY;
  for (let round = 0; round <= openRounds; round += 1) {
    await page.goto(`${web.origin}/namespaces?view=graph`);
    const loaded = await groupsDrawn(page);
    await page.goto(`${web.origin}/namespaces`);
    await page.locator('tr[data-namespace]').first().waitFor();
    await page.getByText('Graph', { exact: true }).click();
    const clicked = await groupsDrawn(page);
    smallest = Math.min(smallest, loaded.rooms, clicked.rooms);
    // The first round fills the caches of browser and server.
    if (round === 0) continue;
    times.loaded.push(loaded.msec);
    times.clicked.push(clicked.msec);
  }
  const result = (name: string, list: readonly number[]): BenchResult => ({
    name: `graph, ${manyNamespaces.toLocaleString('en')} namespaces as groups, ${name}`,
    unit: 'ms',
    ours: median(list),
    peer: Number.NaN,
    ratio: median(list) / openAimMsec,
    goal: { atMost: 1 },
    failures: troubles.length + (smallest < manyNamespaces ? 1 : 0),
    notes: [`each: ${list.map((time) => Math.round(time)).join(' ')}; aim ${openAimMsec} ms`],
  });
  return [
    result('from the click in the page to the picture', times.clicked),
    result('from a load of the page to the picture', times.loaded),
  ];
}

/** How the graph of namespaces feels, in Debian's Chromium without a graphics card, with an agent that holds to the contract. */
export async function run(): Promise<BenchResult[]> {
  return [...(await benchPan()), ...(await benchOpen())];
}
