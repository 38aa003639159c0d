import type { Workload } from '@bulkhead/model';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { accessibilityTroubles, type TestBrowser } from '../support/browser.ts';
import { openDashboard, type TestDashboard } from '../support/control/dashboard.ts';
import { crowdHost, populateHost } from '../support/control/populate-host.ts';
import { makeMember } from '../support/control/session.ts';
import type { TestWeb } from '../support/control/web.ts';

// What people do with the pages of the whole host, in a real browser, against an agent that holds to the contract.

/** A machine that does other things too takes its time. */
const patience = { timeout: 8_000 };
let dashboard: TestDashboard;
let web: TestWeb;
let browser: TestBrowser;
let page: Page;

const named = (name: string): Workload => {
  const found = [...web.agent.host.workloads.values()].find(({ maker }) => maker.name === name);
  if (found === undefined) throw new Error(`no workload ${name}`);
  return found;
};
const keyOf = (name: string, type: 'pid' | 'network' | 'user') =>
  named(name).groups[0]?.namespaces[{ pid: 0, network: 1, user: 6 }[type]] ?? '';
const pathname = () => new URL(page.url()).pathname;
const query = () => new URL(page.url()).searchParams;

beforeAll(async () => {
  dashboard = await openDashboard(({ agent }) => populateHost(agent.host));
  ({ web, browser, page } = dashboard);
});

beforeEach(() => {
  browser.troubles.length = 0;
});

afterAll(async () => {
  await dashboard?.[Symbol.asyncDispose]();
});

describe('containers of other runtimes', () => {
  it('stand beside ours with a badge and what they use, and units only for who asks', async () => {
    web.agent.add({ name: 'ours' });
    await page.goto(`${web.origin}/containers?sort=name`);
    const row = page.locator('tr[data-workload="shop-web"]');
    await row.getByText('Docker').filter({ visible: true }).first().waitFor();
    await row.getByRole('meter', { name: 'CPU in use of 0.5 cores' }).waitFor();
    await row.getByRole('img', { name: 'CPU over the last 15 minutes' }).waitFor();
    await page.locator('tr[data-container="ours"]').waitFor();
    expect(await page.locator('tr[data-workload="cron.service"]').count()).toBe(0);
    await page.getByLabel('Runtime', { exact: true }).selectOption('all');
    await page.locator('tr[data-workload="cron.service"]').waitFor();
    await page.getByLabel('Runtime', { exact: true }).selectOption('podman');
    // It is among all of them too: what others have to do with it is that they go.
    await page.locator('tr[data-workload="shop-web"]').waitFor({ state: 'detached' });
    await page.locator('tr[data-workload="pod-api"]').waitFor();
    expect(query().get('runtime')).toBe('podman');
  });

  it('have a page of their own with chart, processes, namespaces and cgroup', async () => {
    await page.goto(`${web.origin}/containers`);
    await page.getByRole('link', { name: 'shop-web' }).click();
    await page.waitForURL(/\/workloads\//);
    await page.getByRole('img', { name: /^CPU\. now 0\./ }).waitFor();
    await page.getByRole('rowheader', { name: String(named('shop-web').leader.pid), exact: true }).waitFor();
    await page
      .getByRole('link', { name: keyOf('shop-web', 'network').slice(2), exact: true })
      .first()
      .waitFor();
    await page.getByRole('link', { name: named('shop-web').cgroupPath }).waitFor();
    expect(browser.troubles).toEqual([]);
  });

  it('without a cgroup of their own are not measured, and say why', async () => {
    await page.goto(`${web.origin}/containers?runtime=plain`);
    await page.locator('tr[data-workload="bash"]').getByTitle('Not measured: it has no cgroup of its own').first().waitFor();
    await page.getByRole('link', { name: 'bash', exact: true }).click();
    await page.getByText('Its use cannot be told apart').waitFor();
  });

  it('come and go without a reload', async () => {
    await page.goto(`${web.origin}/containers?sort=name`);
    await page.locator('tr[data-workload="mail"]').waitFor();
    const made = web.agent.host.addWorkload({ runtime: 'docker', name: 'brief', cgroupPath: '/system.slice/brief', own: ['network'] });
    await page.locator('tr[data-workload="brief"]').waitFor({ timeout: 2_000 });
    web.agent.host.remove(made);
    await page.locator('tr[data-workload="brief"]').waitFor({ state: 'detached', timeout: 2_000 });
  });
});

describe('the table of namespaces', () => {
  it('is searched, filtered and sorted, all of it in the address', async () => {
    await page.goto(`${web.origin}/namespaces`);
    await page.locator('tr[data-namespace]').first().waitFor();
    await page.getByLabel('Type', { exact: true }).selectOption('network');
    await page.getByLabel('Who lives in it', { exact: true }).selectOption('empty');
    await page.locator('tr[data-namespace]').nth(1).waitFor();
    await expect.poll(() => page.locator('tr[data-namespace]').count(), patience).toBe(2);
    await page.getByRole('searchbox').fill('blue');
    await expect.poll(() => page.locator('tr[data-namespace]').count(), patience).toBe(1);
    expect([query().get('type'), query().get('held'), query().get('q')]).toEqual(['network', 'empty', 'blue']);
    await page.reload();
    await expect.poll(() => page.locator('tr[data-namespace]').count(), patience).toBe(1);
    await page.goto(`${web.origin}/namespaces?type=user`);
    await page.getByRole('button', { name: 'Held by' }).click();
    await expect.poll(() => query().get('sort'), patience).toBe('-held');
  });

  it('keeps the columns that were chosen', async () => {
    await page.goto(`${web.origin}/namespaces`);
    await page.getByRole('columnheader', { name: 'Inode' }).waitFor();
    await page.getByRole('button', { name: 'Choose columns' }).click();
    await page.getByRole('menuitemcheckbox', { name: 'Inode' }).click();
    await page.getByRole('menuitemcheckbox', { name: 'Parent' }).click();
    await page.keyboard.press('Escape');
    await page.reload();
    await page.getByRole('columnheader', { name: 'Parent' }).waitFor();
    expect(await page.getByRole('columnheader', { name: 'Inode' }).count()).toBe(0);
    await page.getByRole('button', { name: 'Choose columns' }).click();
    await page.getByRole('menuitem', { name: 'As usual' }).click();
    await page.getByRole('columnheader', { name: 'Inode' }).waitFor();
    await page.keyboard.press('Escape');
  });

  it('says what could not be read, and why', async () => {
    await page.getByText('Not everything could be looked at').waitFor();
    await page.getByText('They do not let the agent look at what they hold open').waitFor();
  });

  it('leads to a page with maker, holders, members and how it was found', async () => {
    await page.goto(`${web.origin}/namespaces?q=keeper`);
    await page.locator('tr[data-namespace]').first().focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/namespaces\/4-\d+/);
    await page.getByText('Empty, held by a descriptor').waitFor();
    await page.getByText(/fd 7 of \d+/).waitFor();
    await page.getByText('No process is a member of it.').waitFor();
    await page.getByRole('heading', { name: 'How this was found' }).waitFor();
    expect(await accessibilityTroubles(page)).toEqual([]);
  });
});

describe('the graph', () => {
  const room = (key: string) => page.locator(`[data-room="${key}"]`);
  const places = () =>
    page
      .locator('.react-flow__node')
      .evaluateAll((nodes) =>
        Object.fromEntries(nodes.map((node) => [(node as HTMLElement).dataset.id, (node as HTMLElement).style.transform])),
      );

  it('shows a shared namespace as one room with several inhabitants, and an empty one as held', async () => {
    await page.goto(`${web.origin}/namespaces?view=graph`);
    await room(keyOf('pod-infra', 'network')).getByText('pod-queue').waitFor();
    expect(await room(keyOf('pod-infra', 'network')).count()).toBe(1);
    await page.locator('[data-empty="true"]').getByText('Empty, held by a bind mount').waitFor();
    expect(browser.troubles).toEqual([]);
  });

  it('moves one thing for one change', async () => {
    const before = await places();
    const made = web.agent.host.addWorkload({ runtime: 'docker', name: 'new-one', cgroupPath: '/system.slice/new-one', own: ['network'] });
    await room(made.groups[0]?.namespaces[1] ?? '').waitFor({ timeout: 1_000 });
    const after = await places();
    expect(Object.keys(after)).toHaveLength(Object.keys(before).length + 1);
    for (const [id, place] of Object.entries(before)) expect(after[id], id).toBe(place);
    web.agent.host.remove(made);
    await room(made.groups[0]?.namespaces[1] ?? '').waitFor({ state: 'detached', timeout: 1_000 });
    expect(await places()).toEqual(before);
  });

  it('flies to what is searched for', async () => {
    await page.getByRole('searchbox').fill('chromium');
    await page.locator(`[data-room="${keyOf('chromium', 'network')}"][data-chosen="true"]`).waitFor();
    await expect
      .poll(async () => {
        const [frame, found] = [await page.locator('[data-graph]').boundingBox(), await room(keyOf('chromium', 'network')).boundingBox()];
        if (frame === null || found === null) return Number.POSITIVE_INFINITY;
        return Math.abs(frame.x + frame.width / 2 - found.x - found.width / 2);
      }, patience)
      .toBeLessThan(20);
    await page.getByRole('searchbox').fill('');
  });

  it('goes from room to room by arrow keys and opens one by Enter', async () => {
    await page.goto(`${web.origin}/namespaces?view=graph&room=${keyOf('mail', 'network')}`);
    await page.locator('[data-chosen="true"]').waitFor();
    await page.locator('[data-graph]').focus();
    await page.keyboard.press('ArrowLeft');
    await expect.poll(() => query().get('room'), patience).not.toBe(keyOf('mail', 'network'));
    const left = query().get('room') ?? '';
    expect((await room(left).boundingBox())?.x).toBeLessThan((await room(keyOf('mail', 'network')).boundingBox())?.x ?? 0);
    await page.keyboard.press('Enter');
    await page.waitForURL(`${web.origin}/namespaces/${left}`);
  });

  it('shows a neighbourhood alone, and a runtime as one box', async () => {
    await page.goto(`${web.origin}/namespaces?view=graph&type=user&room=${keyOf('compile', 'user')}`);
    await page.getByRole('button', { name: 'Only its neighbourhood' }).click();
    await room(keyOf('build', 'user')).waitFor();
    await room(keyOf('chromium', 'user')).waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Around compile' }).click();
    await room(keyOf('chromium', 'user')).waitFor();
    await page.goto(`${web.origin}/namespaces?view=graph`);
    await page.getByRole('button', { name: 'Rooms as one box' }).click();
    await page.getByRole('menuitemcheckbox', { name: 'Docker' }).click();
    await page.locator('[data-group=":docker:"]').getByText('3 rooms').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('[data-group=":docker:"]').click();
    await room(keyOf('mail', 'network')).waitFor();
  });

  it('draws links to who shares a workload with the chosen room', async () => {
    const pod = named('pod-api');
    const both = [...web.agent.host.namespaces.values()].filter(({ type }) => type === 'network');
    const other = both.find(({ maker }) => maker.name === 'blue')?.key ?? '';
    // One of its processes is in another network.
    const groups = [...pod.groups, { namespaces: [other], processes: 1, leader: pod.leader }];
    web.agent.host.change({ ...pod, groups, groupCount: 2 });
    await page.goto(`${web.origin}/namespaces?view=graph&room=${other}`);
    await page.locator('[data-line]').getByText('pod-api').waitFor();
    web.agent.host.change(pod);
  });

  it('groups a crowd, opens down to a room, and finds one inside of closed groups', async () => {
    crowdHost(web.agent.host, 3_000);
    await page.goto(`${web.origin}/namespaces?view=graph`);
    await page.locator('[data-graph][data-grouped="true"]').waitFor();
    expect(Number(await page.locator('[data-graph]').getAttribute('data-visible'))).toBeLessThanOrEqual(500);
    await page.getByRole('searchbox').fill('docker-job-01010');
    await page.locator('[data-room][data-chosen="true"]').getByText('docker-job-01010').first().waitFor({ timeout: 10_000 });
    expect(Number(await page.locator('[data-graph]').getAttribute('data-visible'))).toBeLessThanOrEqual(500);
    web.agent.host.batch(() => {
      for (const workload of [...web.agent.host.workloads.values()])
        if (workload.cgroupPath.startsWith('/crowd/')) web.agent.host.remove(workload);
    });
    expect(browser.troubles).toEqual([]);
  });
});

describe('the tree of cgroups', () => {
  const row = (path: string) => page.locator(`tr[data-cgroup="${path}"]`);

  it('opens, closes and is walked by keyboard, and the address keeps it', async () => {
    await page.goto(`${web.origin}/cgroups`);
    await row('/system.slice').waitFor();
    expect(await row('/system.slice/ssh.service').count()).toBe(0);
    await row('/system.slice').focus();
    await page.keyboard.press('ArrowRight');
    await row('/system.slice/ssh.service').waitFor();
    expect(await row('/system.slice').getAttribute('aria-expanded')).toBe('true');
    expect(query().getAll('open')).toEqual(['/system.slice']);
    await page.reload();
    await row('/system.slice/ssh.service').waitFor();
    await row('/system.slice').focus();
    await page.keyboard.press('ArrowLeft');
    await row('/system.slice/ssh.service').waitFor({ state: 'detached' });
    await page.keyboard.press('ArrowUp');
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('data-cgroup')), patience).not.toBe('/system.slice');
    expect(await accessibilityTroubles(page)).toEqual([]);
  });

  it('shows use against limits, pressure as heat, and a dash with the reason where nothing is measured', async () => {
    await page.goto(`${web.origin}/cgroups?tree=open`);
    const shop = row(named('shop-web').cgroupPath);
    await shop.getByRole('meter', { name: 'Memory in use of 512 MiB' }).waitFor();
    await shop.getByText('CPU 61%').waitFor();
    await row('/system.slice').getByTitle('Not measured yet').first().waitFor();
    await row('/system.slice/cron.service').getByTitle('It has no CPU quota, so nothing throttles it').waitFor();
  });

  it('finds what is deep down, with everything above it', async () => {
    await page.goto(`${web.origin}/cgroups`);
    await row('/system.slice').waitFor();
    await page.getByRole('searchbox').fill('pod-queue');
    await row('/machine.slice/libpod_pod.slice/libpod-pod-queue.scope').waitFor();
    await row('/machine.slice').waitFor();
    expect(await row('/system.slice').count()).toBe(0);
  });

  it('leads to charts, limits and the kernel files', async () => {
    await page.goto(`${web.origin}/cgroups?q=shop-database`);
    await page.getByRole('link', { name: /shop-database/ }).click();
    await page.getByRole('img', { name: /^Memory\. now 1\./ }).waitFor();
    await page.getByText('24 h', { exact: true }).click();
    await expect.poll(() => query().get('range'), patience).toBe('24h');
    await page.getByText('Nothing was measured in this time').first().waitFor();
    await page.getByRole('link', { name: 'Kernel files' }).click();
    await page.getByText('memory.limit_in_bytes').waitFor();
    await page.getByText('it can only be written').waitFor();
    expect(browser.troubles).toEqual([]);
  });

  it('stays smooth with 5,000 rows', { retry: 2 }, async () => {
    const { host } = web.agent;
    // Whatever comes of it: tests behind it have a host of usual size.
    using cleanUp = new DisposableStack();
    cleanUp.defer(() =>
      host.batch(() => {
        for (const path of [...host.cgroups.keys()]) if (path.startsWith('/many')) host.removeCgroup(path);
      }),
    );
    host.batch(() => {
      for (let index = 0; index < 5_000; index += 1)
        host.addCgroup(
          `/many/u${index}`,
          { runtime: 'plain', name: `u${index}` },
          { cpuMillis: index / 10, memoryBytes: index * 4096, pids: 1 },
        );
    });
    await page.goto(`${web.origin}/cgroups?tree=open&sort=-cpu`);
    await page.getByText(/5,0\d\d cgroups/).waitFor();
    await row('/many').waitFor();
    const frames = await page.evaluate(async () => {
      const scroller = document.querySelector('table[role=treegrid]')?.parentElement;
      const times: number[] = [];
      let before = performance.now();
      for (let step = 0; step < 120; step += 1) {
        scroller?.scrollBy(0, 400);
        const now = await new Promise<number>((resolve) => requestAnimationFrame(resolve));
        times.push(now - before);
        before = now;
      }
      return { median: times.sort((a, b) => a - b)[60] ?? 0, scrolled: scroller?.scrollTop ?? 0 };
    });
    expect(frames.scrolled).toBeGreaterThan(40_000);
    expect(frames.median).toBeLessThan(50);
    expect(await page.locator('tr[data-cgroup]').count()).toBeLessThan(80);
  });
});

describe('by keyboard', () => {
  it('Ctrl-K reaches every page, object and action', async () => {
    await page.goto(`${web.origin}/`);
    await page.locator('[data-count="running"]').waitFor();
    const palette = page.getByRole('dialog');
    const search = async (text: string) => {
      await page.keyboard.press('Control+k');
      await palette.getByRole('textbox').fill(text);
    };
    await search('shop-web');
    await palette
      .getByRole('button', { name: /shop-web/ })
      .first()
      .waitFor();
    expect(await accessibilityTroubles(page)).toEqual([]);
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/workloads\//);
    await search(keyOf('mail', 'network').slice(2));
    await palette
      .getByRole('button', { name: /network/ })
      .first()
      .waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL(`${web.origin}/namespaces/${keyOf('mail', 'network')}`);
    await search('/system.slice/ssh.service');
    await palette.getByRole('button', { name: '/system.slice/ssh.service' }).waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL(`${web.origin}/cgroups/at/system.slice/ssh.service`);
    await search('host health');
    await palette.getByRole('button', { name: 'Host health' }).waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL(`${web.origin}/health`);
    await search('stop ours');
    await palette.getByRole('button', { name: 'Stop ours' }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Stop ours' }).waitFor();
    await page.keyboard.press('Escape');
    await search('no such thing at all');
    await palette.getByText('Nothing is called so.').waitFor();
    await page.keyboard.press('Escape');
    expect(browser.troubles).toEqual([]);
  });

  it('g n, g r, g h and g c go to their pages', async () => {
    await page.goto(`${web.origin}/`);
    await page.locator('[data-count="running"]').waitFor();
    for (const [key, path] of [
      ['n', '/namespaces'],
      ['r', '/cgroups'],
      ['h', '/health'],
      ['c', '/containers'],
    ] as const) {
      // A page that has just come may not listen to keys yet.
      await expect
        .poll(
          async () => {
            if (pathname() === path) return path;
            await page.keyboard.press('g');
            await page.keyboard.press(key);
            await page.waitForURL(web.origin + path, { timeout: 2000 }).catch(() => undefined);
            return pathname();
          },
          { timeout: 20_000 },
        )
        .toBe(path);
    }
    await page.keyboard.press('/');
    expect(await page.evaluate(() => (document.activeElement as HTMLInputElement | null)?.type)).toBe('search');
  });
});

describe('the overview', () => {
  it('does not say that nothing runs while it has only not measured yet', async () => {
    await page.goto(`${web.origin}/`);
    await page.locator('[data-count="running"]').getByText('1').waitFor();
    const told = new Set<string>();
    for (let look = 0; look < 30; look += 1) {
      told.add((await page.locator('main').textContent()) ?? '');
      await page.waitForTimeout(100);
    }
    for (const text of told) expect(text).not.toContain('No container is running');
  });

  it('counts by runtime, names who waits and what needs attention, each with a link', async () => {
    await page.locator('[data-runtime="docker"]').getByText('9 processes').waitFor();
    await page.locator('[data-finding="disk.state-directory"]').getByRole('link').click();
    await page.waitForURL(`${web.origin}/health#disk.state-directory`);
    await page.goto(`${web.origin}/`);
    await page.getByRole('link', { name: /shop-web CPU/ }).click();
    await page.waitForURL(/\/cgroups\/at\/system.slice\/docker-/);
  });
});

describe('trouble', () => {
  it('the agent away: what was known stays, and use is no longer told as of now', async () => {
    await page.goto(`${web.origin}/cgroups?tree=open`);
    const shop = page.locator(`tr[data-cgroup="${named('shop-web').cgroupPath}"]`);
    await shop.getByRole('meter').first().waitFor();
    await web.agent.crash();
    await page.getByText('The agent does not answer, reconnecting').waitFor({ timeout: 10_000 });
    await shop.getByTitle('Not known while the agent does not answer').first().waitFor();
    await web.agent.start();
    await shop.getByRole('meter').first().waitFor({ timeout: 20_000 });
  });

  it('a member sees namespaces of its tenants alone, and pages of the host say whom they are for', async () => {
    const member = await makeMember(web, 'grace@example.org', ['globex']);
    await browser.context.clearCookies();
    await browser.signIn(web.origin, member.cookie);
    await page.goto(`${web.origin}/cgroups`);
    await page.getByText('It is for administrators.').waitFor();
    expect(await page.getByRole('navigation', { name: 'Main navigation' }).getByText('Host health').count()).toBe(0);
    await page.goto(`${web.origin}/namespaces`);
    await page.getByRole('heading', { name: 'No namespaces to show' }).waitFor();
    await page.goto(`${web.origin}/containers`);
    await page.getByRole('heading', { name: 'No containers yet' }).waitFor();
    expect(await page.locator('tr[data-workload]').count()).toBe(0);
    expect(pathname()).toBe('/containers');
    expect(browser.troubles).toEqual([]);
    member.close();
  });
});
