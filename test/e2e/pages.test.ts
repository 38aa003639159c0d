import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { finaliseMonth, issueCreditNote, voidIssued } from '@bulkhead/billing';
import { addPlanVersion, assignPlan, grantCredit } from '@bulkhead/db';
import type { Container, Workload } from '@bulkhead/model';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { act, january, makeHost, makeIssuer, makeTenant, minutes, proposal } from '../../packages/billing/test/books.ts';
import { accessibilityTroubles, openBrowser, screenshots, type TestBrowser, type TestTab } from '../support/browser.ts';
import { populateHost } from '../support/control/populate-host.ts';
import { setUp } from '../support/control/session.ts';
import { startTestWeb, type TestWeb } from '../support/control/web.ts';

/** Every page in every look, against an agent that holds to the contract and has containers in every state. */
let web: TestWeb;
let browser: TestBrowser;
/** Pages side by side: most of the time each waits for what comes from elsewhere. */
let tabs: TestTab[];
const sideBySide = 3;
let burn: Container;
/** One that the OOM killer ended. */
let leaky: Container;
/** A container of Docker's: somebody else's workload. */
let shop: Workload;

const firstLoadBytes = 300 * 1024;
const layoutShift = 0.05;

function populate(): Container {
  const { agent } = web;
  const make = (facts: Partial<Container> & { name: string }, use?: { cpuMillis: number; memoryBytes: number }): Container => {
    const container = agent.add({ createdAt: new Date(Date.now() - 3_600_000).toISOString(), ...facts });
    if (use !== undefined) agent.backfill(container.id, 880, use);
    return container;
  };
  const finishedAt = new Date().toISOString();
  make({ name: 'web-1', limits: { memoryMaxBytes: 268_435_456, cpuMaxMillis: 2000 } }, { cpuMillis: 120, memoryBytes: 182_000_000 });
  make({ name: 'database', tenantId: 'globex', args: ['postgres', '-D', '/data'] }, { cpuMillis: 1240, memoryBytes: 1_240_000_000 });
  make(
    { name: 'a-container-with-a-remarkably-long-name-for-the-tables-to-hold', tenantId: 'initech' },
    { cpuMillis: 0.4, memoryBytes: 1_100_000 },
  );
  make({ name: 'done', status: 'stopped', finishedAt, exitStatus: { kind: 'exited', code: 0 } });
  make({ name: 'failed', status: 'stopped', finishedAt, exitStatus: { kind: 'exited', code: 3 } });
  leaky = make({
    name: 'leaky',
    status: 'stopped',
    startedAt: new Date(Date.now() - 754_000).toISOString(),
    finishedAt,
    oomKilled: true,
    exitStatus: { kind: 'signaled', signal: 9, coreDumped: false },
    limits: { memoryMaxBytes: 67_108_864, cpuMaxMillis: 500 },
  });
  agent.seal(leaky.id, {
    reading: {
      cpuUsageUsec: '83412000',
      cpuPeriods: '7540',
      cpuThrottledPeriods: '1203',
      cpuThrottledUsec: '61200000',
      memoryOomKills: '1',
      memoryPeakBytes: '67108864',
      ioReadBytes: '1048576',
      ioWriteBytes: '0',
    },
    victims: [{ pid: 4711, command: 'tail', limitPath: `/bulkhead-abc/acme/${leaky.id}` }],
    limits: { memoryMaxBytes: 67_108_864, cpuMaxMillis: 500, cpuWeight: 100, pidsMax: 'max' },
    pidsRefusals: 0,
  });
  make({ name: 'lost', status: 'stopped', exitStatus: { kind: 'unknown', reason: 'the launcher was lost' } });
  make({ name: 'waiting', status: 'created' });
  const container = make(
    { name: 'burn', limits: { cpuMaxMillis: 500, memoryMaxBytes: 67_108_864 } },
    { cpuMillis: 500, memoryBytes: 3_200_000 },
  );
  agent.print(container.id, 'ready\n');
  agent.print(container.id, 'no quota left\n', 'stderr');
  return container;
}

/** One configuration that is in force, and one that is not. */
function keepConfigs(): void {
  const text = 'group lesscpu {\n\tcpu {\n\t\tcpu.shares = 200;\n\t}\n}\n';
  const directory = '/etc/bulkhead/abc/cgconfig.d';
  const at = new Date(Date.now() - 3_600_000).toISOString();
  const made = [{ path: '/lesscpu', controllers: ['cpu'] }];
  const { configs } = web.agent.configs;
  configs.set('shares', { name: 'shares', file: `${directory}/shares.conf`, text, importedAt: at, importedBy: 'Ada', appliedAt: at, made });
  const trouble = 'line 3, column 14: expected "=", found the word "200"';
  configs.set('broken', { name: 'broken', file: `${directory}/broken.conf`, text, importedAt: at, importedBy: 'Ada', trouble, made: [] });
}

/** A tenant with use and a credit in January, an invoice for it that was given back of, and one for February that is void. */
async function bill(): Promise<void> {
  const { web: database, collector } = web.database;
  await makeIssuer(database);
  await makeTenant(database, 'acme', { name: 'Acme Widgets' });
  await addPlanVersion(database, proposal({ minimum: { amount: '9.00', proration: 'second' } }), { isNew: true, by: 'Ada' });
  await assignPlan(database, { tenantId: 'acme', planId: 'standard', from: '2026-01-01T00:00:00.000Z' });
  await (await makeHost(collector)).store(minutes(600, 720, { tenantId: 'acme', container: 1 }));
  const credit = { creditId: randomUUID(), tenantId: 'acme', at: '2026-01-02T00:00:00.000Z', currency: 'EUR', amount: '2.00' };
  await grantCredit(database, { kind: 'grant', ...credit, reason: 'an outage' }, 'Ada');
  const override = { reason: 'the end of the month' };
  const { number } = await finaliseMonth(database, { tenantId: 'acme', month: january, override }, act);
  const march = { by: 'Ada', now: new Date('2026-03-10T00:00:00.000Z') };
  const second = await finaliseMonth(database, { tenantId: 'acme', month: '2026-02', override }, march);
  await voidIssued(database, { number: second.number, reason: 'a wrong address' }, march);
  await issueCreditNote(database, { number, reason: 'an outage', given: 'all' }, march);
}

beforeAll(async () => {
  web = await startTestWeb();
  await bill();
  burn = populate();
  populateHost(web.agent.host);
  keepConfigs();
  for (const lab of ['shares', 'quota', 'memory', 'pids', 'freeze'] as const) web.agent.labs.past(lab);
  shop = [...web.agent.host.workloads.values()].find(({ maker }) => maker.name === 'shop-web') as Workload;
  await web.stored();
  const session = await setUp(web);
  browser = await openBrowser();
  tabs = [];
  while (tabs.length < sideBySide) tabs.push(await browser.openTab());
  await browser.signIn(web.origin, session.cookie);
  session.close();
});

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await web?.[Symbol.asyncDispose]();
});

const networkOf = ({ groups }: Workload): string => groups[0]?.namespaces[1] ?? '';

const pages = (): Record<string, { path: string; shows: string }> => ({
  overview: { path: '/', shows: '[data-count="running"]' },
  containers: { path: '/containers', shows: '[data-container="burn"]' },
  gone: { path: '/containers?show=gone', shows: 'h1, h2' },
  container: { path: `/containers/${burn.id}`, shows: '.u-over' },
  'container-ended': { path: `/containers/${leaky.id}`, shows: '[data-post-mortem]' },
  'container-day': { path: `/containers/${burn.id}?range=24h`, shows: '.u-over' },
  processes: { path: `/containers/${burn.id}/processes`, shows: 'tbody tr' },
  logs: { path: `/containers/${burn.id}/logs`, shows: '[role=log] div' },
  namespaces: { path: `/containers/${burn.id}/namespaces`, shows: 'tbody tr' },
  transcript: { path: `/containers/${burn.id}/transcript`, shows: 'tbody tr' },
  'container-events': { path: `/containers/${burn.id}/events`, shows: 'tbody tr' },
  'containers-all': { path: '/containers?runtime=all&sort=name', shows: '[data-workload="bash"]' },
  workload: { path: `/workloads/${encodeURIComponent(shop.id)}`, shows: '.u-over' },
  'namespaces-table': { path: '/namespaces', shows: 'tr[data-namespace]' },
  graph: { path: '/namespaces?view=graph', shows: '[data-placed="true"] [data-room]' },
  'graph-nested': { path: '/namespaces?view=graph&type=user', shows: '[data-placed="true"] [data-room]' },
  'graph-room': { path: `/namespaces?view=graph&room=${networkOf(shop)}`, shows: '[data-placed="true"] [data-room][data-chosen="true"]' },
  namespace: { path: `/namespaces/${networkOf(shop)}`, shows: 'tbody tr' },
  // On a narrow screen not much more than the first rows is drawn.
  cgroups: { path: '/cgroups?tree=open', shows: 'tr[data-cgroup="/"]' },
  cgroup: { path: `/cgroups/at${shop.cgroupPath}`, shows: '.u-over' },
  'cgroup-day': { path: `/cgroups/at${shop.cgroupPath}?range=24h`, shows: '.u-over' },
  'cgroup-settings': { path: `/cgroups/at${shop.cgroupPath}?tab=settings`, shows: '[data-setting="cpu.weight"]' },
  'cgroup-processes': { path: `/cgroups/at${shop.cgroupPath}?tab=processes`, shows: 'tr[data-pid]' },
  'cgroup-files': { path: `/cgroups/at${shop.cgroupPath}?tab=files`, shows: 'pre' },
  'cgroups-list': { path: '/cgroups?view=list&sort=-memory', shows: 'tr[data-cgroup="/"]' },
  'cgroup-configs': { path: '/cgroups/configs', shows: '[data-config="shares"]' },
  labs: { path: '/labs', shows: '[data-lab="shares"][data-outcome="passed"]' },
  health: { path: '/health', shows: '[data-check]' },
  usage: { path: '/usage', shows: 'tbody tr' },
  plans: { path: '/plans', shows: 'tbody tr' },
  invoices: { path: '/invoices', shows: 'tbody tr' },
  invoice: { path: '/invoices/T-000001', shows: 'tbody tr' },
  'invoice-voided': { path: '/invoices/T-000002', shows: 'tbody tr' },
  events: { path: '/events', shows: 'tbody tr' },
});

const looks = (['light', 'dark'] as const).flatMap((scheme) =>
  ([1440, 390] as const).flatMap((width) => (['en', 'zh'] as const).map((locale) => ({ scheme, width, locale }))),
);

type Look = (typeof looks)[number];

async function checkPage({ page, troubles, atRest }: TestTab, name: string, { scheme, width, locale }: Look): Promise<void> {
  const { path, shows } = pages()[name] as { path: string; shows: string };
  troubles.length = 0;
  await page.goto(web.origin + path);
  await page.locator(shows).first().waitFor();
  await atRest();
  await page.screenshot({ path: join(screenshots, `${name}-${scheme}-${width}-${locale}.png`) });
  // Words change with the language, contrast and sizes do not.
  if (locale === 'en') expect(await accessibilityTroubles(page), name).toEqual([]);
  expect(troubles, name).toEqual([]);
  const [wider, shift] = await page.evaluate(() => [
    document.documentElement.scrollWidth - document.documentElement.clientWidth,
    performance.getEntriesByType('layout-shift').reduce((sum, entry) => sum + (entry as unknown as { value: number }).value, 0),
  ]);
  expect(wider, `${name} is wider than the screen`).toBe(0);
  expect(shift, `${name} moves while it loads`).toBeLessThanOrEqual(layoutShift);
  expect(await page.locator('html').getAttribute('lang'), name).toBe(locale === 'zh' ? 'zh-CN' : 'en');
}

describe.each(looks)('$scheme, $width px wide, $locale', (look) => {
  it('every page is accessible, still and without errors', async () => {
    const { scheme, width, locale } = look;
    await browser.context.addCookies([{ name: 'bulkhead-locale', value: locale, url: web.origin }]);
    const waiting = Object.keys(pages());
    await Promise.all(
      tabs.map(async (tab) => {
        await tab.page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
        await tab.page.setViewportSize({ width, height: 900 });
        for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) await checkPage(tab, name, look);
      }),
    );
  }, 240_000);
});

it.each([
  '/',
  '/containers',
  '/namespaces',
  '/cgroups',
  '/cgroups/at',
  '/cgroups/at?tab=processes',
  '/cgroups/configs',
  '/labs',
  '/health',
  '/usage',
  '/plans',
  '/invoices',
  '/events',
  '/sign-in',
])('a first load of %s has little script', async (path) => {
  await using fresh = await browser.openFresh();
  await fresh.context.addCookies(await browser.context.cookies());
  const session = await fresh.context.newCDPSession(fresh.page);
  await session.send('Network.enable');
  const scripts = new Set<string>();
  let bytes = 0;
  session.on('Network.responseReceived', ({ requestId, type }) => type === 'Script' && scripts.add(requestId));
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    if (scripts.has(requestId)) bytes += encodedDataLength;
  });
  await fresh.page.goto(web.origin + path, { waitUntil: 'networkidle' });
  expect(scripts.size).toBeGreaterThan(2);
  expect(bytes).toBeLessThanOrEqual(firstLoadBytes);
});
