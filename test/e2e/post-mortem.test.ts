import { join } from 'node:path';
import type { Container } from '@bulkhead/model';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { becomeAdministrator } from '../support/administrator.ts';
import { accessibilityTroubles, openBrowser, screenshots, type TestBrowser } from '../support/browser.ts';
import { openDashboard, type TestDashboard } from '../support/control/dashboard.ts';
import type { TestWeb } from '../support/control/web.ts';
import { startInstance, type TestInstance } from '../support/instance.ts';
import { describeNeeds } from '../support/needs.ts';

const promisedMsec = 1_000;
const mebibyte = 1024 ** 2;
const limit = 64 * mebibyte;

/** Rounds of how long something took, the middle one and the one that one in twenty exceeds. */
function spread(tookMsec: readonly number[]): { p50: number; p95: number } {
  const sorted = tookMsec.toSorted((left, right) => left - right);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.POSITIVE_INFINITY;
  return { p50: at(0.5), p95: at(0.95) };
}

describe('against an agent that holds to the contract', () => {
  let dashboard: TestDashboard;
  let web: TestWeb;
  let browser: TestBrowser;
  let page: Page;
  let hog: Container;

  beforeAll(async () => {
    dashboard = await openDashboard(({ agent }) => {
      hog = agent.add({ name: 'hog', limits: { memoryMaxBytes: limit, cpuMaxMillis: 500 } });
      agent.backfill(hog.id, 600, { cpuMillis: 400, memoryBytes: 50_000_000 });
    });
    ({ web, browser, page } = dashboard);
  });
  afterAll(async () => {
    await dashboard?.[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    browser.troubles.length = 0;
  });

  const end = (id: string): Container =>
    web.agent.change(id, {
      status: 'stopped',
      pid: undefined,
      finishedAt: new Date().toISOString(),
      oomKilled: true,
      exitStatus: { kind: 'signaled', signal: 9, coreDumped: false },
    });
  const ofLimit = (container: Container) => `/bulkhead-abc/${container.tenantId}/${container.id}`;
  const kill = (container: Container, pid: number) =>
    web.agent.tell('container.oom-killed', container, undefined, {
      cgroupPath: ofLimit(container),
      subject: undefined,
      detail: { kills: 1, process: 'tail', pid, limitOf: ofLimit(container), limit },
    });
  const card = () => page.locator(`[data-post-mortem="${hog.id}"]`);

  let looks = 0;
  it('an OOM kill is a row of the events within a second, in words', { retry: 2 }, async () => {
    looks += 1;
    const firstPid = 5000 + looks * 100;
    await page.goto(`${web.origin}/events`);
    await page.locator('tbody tr').first().waitFor();
    const took: number[] = [];
    for (let round = 0; round < 20; round += 1) {
      const begun = performance.now();
      kill(hog, firstPid + round);
      await page
        .getByText(`tail (pid ${firstPid + round})`)
        .first()
        .waitFor({ timeout: promisedMsec });
      took.push(performance.now() - begun);
    }
    const { p50, p95 } = spread(took);
    console.info(`from the agent's event to its row in Chromium: p50 ${p50.toFixed(0)} ms, p95 ${p95.toFixed(0)} ms`);
    expect(p95).toBeLessThan(promisedMsec);
    await page.getByText('limit 64 MiB').first().waitFor();
    expect(browser.troubles).toEqual([]);
  });

  it('an event of a cgroup that is no container leads to its page, where it is a mark in the charts', async () => {
    web.agent.host.addCgroup(
      '/system.slice/shop.service',
      { runtime: 'systemd', name: 'shop.service' },
      { cpuMillis: 20, memoryBytes: 1e7 },
    );
    const path = '/system.slice/shop.service';
    web.agent.tell('cgroup.pids-refused', undefined, undefined, {
      cgroupPath: path,
      subject: undefined,
      detail: { refusals: 42, total: 42, limit: 64 },
    });
    const link = page.getByRole('link', { name: path });
    await link.waitFor({ timeout: promisedMsec });
    await page.getByText('42 forks refused · limit 64').waitFor();
    await link.click();
    await page.waitForURL(/\/cgroups\/at\/system\.slice\/shop\.service/);
    await page.locator('.u-over').first().waitFor();
    await pointAtMark('42 forks refused');
    expect(browser.troubles).toEqual([]);
  });

  /** Moves the pointer through the first chart until what it says holds these words. */
  async function pointAtMark(words: string): Promise<void> {
    const over = page.locator('.u-over').first();
    await over.scrollIntoViewIfNeeded();
    const box = await over.boundingBox();
    if (box === null) throw new Error('there is no chart');
    const said = page.locator('figcaption').first();
    // Marks of just now stand at the right end.
    for (let x = box.width - 1; x > box.width * 0.8; x -= 2) {
      await page.mouse.move(box.x + x, box.y + box.height / 2);
      if ((await said.textContent())?.includes(words)) return;
    }
    throw new Error(`no mark of the chart says ${words}: ${await said.textContent()}`);
  }

  it('counts of kills and refusals stand in the tree and change as they grow', async () => {
    const path = '/system.slice/shop.service';
    await page.goto(`${web.origin}/cgroups?tree=open`);
    const row = page.locator(`tr[data-cgroup="${path}"]`);
    await row.waitFor();
    const cell = row.getByTitle('Processes that the OOM killer ended');
    expect(await cell.textContent()).toBe('0');
    web.agent.host.count(path, { oomKills: 3, pidsRefusals: 42 });
    await cell.filter({ hasText: '3' }).waitFor({ timeout: promisedMsec });
    await row.getByTitle('Forks that a limit').filter({ hasText: '42' }).waitFor({ timeout: promisedMsec });
    await page.getByRole('columnheader', { name: 'OOM kills' }).getByRole('button').click();
    await page.waitForURL(/sort=-?oomKills/);
    // The root has no limit of its own: a dash with the reason, never 0.
    await page.locator('tr[data-cgroup="/"]').getByTitle('Not counted: the root has no limit').first().waitFor();
    expect(browser.troubles).toEqual([]);
  });

  it('a kill is a mark in the container’s chart within a second, and pointing at it tells whom', async () => {
    await page.goto(`${web.origin}/containers/${hog.id}`);
    await page.locator('.u-over').first().waitFor();
    await page.waitForTimeout(300);
    kill(hog, 6001);
    await page.waitForTimeout(promisedMsec);
    await pointAtMark('tail (pid 6001)');
    expect(browser.troubles).toEqual([]);
  });

  it('its end brings the card without a reload: why, in plain words, and what it had used', async () => {
    expect(await card().count()).toBe(0);
    end(hog.id);
    await page.getByRole('heading', { name: 'How it ended' }).waitFor({ timeout: promisedMsec });
    web.agent.seal(hog.id, {
      reading: {
        cpuUsageUsec: '83412000',
        cpuPeriods: '100',
        cpuThrottledPeriods: '25',
        cpuThrottledUsec: '1500000',
        memoryOomKills: '1',
        memoryPeakBytes: String(limit),
      },
      victims: [{ pid: 6001, command: 'tail', limitPath: ofLimit(hog) }],
      limits: { memoryMaxBytes: limit, cpuMaxMillis: 500, cpuWeight: 100, pidsMax: 'max' },
      pidsRefusals: 0,
    });
    await card().waitFor({ timeout: 2 * promisedMsec });
    const text = (await card().textContent()) ?? '';
    for (const words of [
      'The kernel killed it: it reached its memory limit of 64 MiB; it had used up to 64 MiB.',
      'SIGKILL (code 137)',
      'tail (pid 6001)',
      '1.5 sec, in 25% of its periods',
      'memory 64 MiB · CPU 0.5 cores',
      'root, ',
    ])
      expect(text).toContain(words);
    // What was not measured is a dash with its reason.
    expect(await card().getByTitle('Not measured: cgroup v1 does not tell it').textContent()).toContain('–');
    expect(await card().getByTitle('Not measured: the kernel did not count I/O').count()).toBe(2);
    expect(await accessibilityTroubles(page)).toEqual([]);
    expect(browser.troubles).toEqual([]);
  });

  it('the card is there after the container was deleted, out of the database', async () => {
    web.agent.remove(hog.id);
    await web.stored();
    await page.goto(`${web.origin}/containers/${hog.id}`);
    await card().waitFor();
    await page.getByText('This container was deleted').waitFor();
    expect(await card().textContent()).toContain('The kernel killed it');
    for (const [scheme, width] of [
      ['light', 1440],
      ['dark', 1440],
      ['light', 390],
    ] as const) {
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
      await page.setViewportSize({ width, height: 1000 });
      await page.screenshot({ path: join(screenshots, `post-mortem-${scheme}-${width}.png`), fullPage: true });
    }
    await page.setViewportSize({ width: 1440, height: 900 });
  });

  it('of one that ended unseen it says so', async () => {
    const unseen = web.agent.add({ name: 'unseen' });
    await web.stored();
    web.agent.remove(unseen.id);
    await web.stored();
    await page.goto(`${web.origin}/containers/${unseen.id}`);
    await page.getByText('How it ended is not known').waitFor();
    expect(await page.locator('[data-post-mortem]').count()).toBe(0);
  });
});

describeNeeds({ root: true, userNamespaces: true, cgroup: 'any', controllers: ['memory', 'pids'] }, 'on a live kernel', () => {
  let instance: TestInstance;
  let browser: TestBrowser;

  beforeAll(async () => {
    instance = await startInstance();
    browser = await openBrowser();
    await becomeAdministrator(instance, browser.page);
  });
  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]();
    await instance?.[Symbol.asyncDispose]();
  });

  let hunts = 0;
  it('a memory hog’s kill is a row in Chromium within a second, and its card tells why, also once it is removed', {
    retry: 2,
  }, async () => {
    const { page } = browser;
    hunts += 1;
    await page.goto(`${instance.url}/events?kind=container.oom-killed`);
    if (hunts === 1) await page.getByText('No events').waitFor();
    const hogs = `hog-${hunts}`;
    const took: number[] = [];
    for (let round = 0; round < 10; round += 1) {
      const name = `${hogs}-${round}`;
      // It answers when the program runs; the kill follows in some milliseconds.
      const { code, stdout } = instance.run('run', '-d', '--name', name, '--memory', '32M', '--', 'tail', '/dev/zero');
      expect(code).toBe(0);
      const begun = performance.now();
      await page.locator('tr', { hasText: name }).waitFor({ timeout: promisedMsec });
      took.push(performance.now() - begun);
      if (round > 0) expect(instance.run('rm', name).code).toBe(0);
      expect(stdout.trim()).toMatch(/^[0-9a-f]{16}$/);
    }
    const { p50, p95 } = spread(took);
    console.info(`from the start of a memory hog to the row of its kill in Chromium: p50 ${p50.toFixed(0)} ms, p95 ${p95.toFixed(0)} ms`);
    expect(instance.run('ps', '-a').stdout).toMatch(new RegExp(`${hogs}-0 .*OOM killed`));
    const [detail] = JSON.parse(instance.run('inspect', `${hogs}-0`).stdout) as [{ id: string; endedBecause: string; postMortem: object }];
    expect(detail.endedBecause).toContain('The kernel killed it: it reached its memory limit of 32M');
    expect(detail.postMortem).toMatchObject({ reading: { memoryOomKills: '1' } });
    await page.goto(`${instance.url}/containers/${detail.id}`);
    await page.locator(`[data-post-mortem="${detail.id}"]`).waitFor();
    expect(instance.run('rm', `${hogs}-0`).code).toBe(0);
    await page.reload();
    await page.getByText('This container was deleted').waitFor();
    await page.locator(`[data-post-mortem="${detail.id}"]`).getByText('it reached its memory limit of 32 MiB').waitFor();
    const [remembered] = JSON.parse(instance.run('inspect', detail.id).stdout) as [{ gone: boolean; endedBecause: string }];
    expect(remembered).toMatchObject({ gone: true, endedBecause: expect.stringContaining('The kernel killed it') as string });
    expect(browser.troubles.filter((trouble) => !trouble.includes('404'))).toEqual([]);
  });
});
