import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupRoot } from '@bulkhead/model';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { becomeAdministrator } from '../support/administrator.ts';
import { accessibilityTroubles, openBrowser, screenshots, type TestBrowser } from '../support/browser.ts';
import { cgroupMounts, HandCgroup } from '../support/hand-cgroup.ts';
import { eventually, startInstance, type TestInstance } from '../support/instance.ts';
import { describeNeeds } from '../support/needs.ts';

/** Acting on cgroups in a browser, against an agent on this host; the kernel's own files are the witness. */
const patience = { timeout: 8_000 };

describeNeeds({ root: true, cgroup: 'any', controllers: ['cpu', 'memory', 'pids'] }, 'cgroups acted on in a browser', () => {
  let instance: TestInstance;
  let browser: TestBrowser;
  let page: Page;
  /** Made by hand, past all our code; the second as systemd names a unit. */
  let hand: HandCgroup;
  let unit: HandCgroup;
  const name = `e2e-act-${process.pid}`;
  const isUnified = cgroupMounts().every(({ type }) => type === 'cgroup2');
  const started: ChildProcess[] = [];

  const startIn = (group: HandCgroup): number => {
    const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
    started.push(child);
    group.join(child.pid as number);
    return child.pid as number;
  };
  const isAlive = (pid: number): boolean => {
    const child = started.find((each) => each.pid === pid);
    return child?.exitCode === null && child.signalCode === null;
  };
  const groupsOf = (group: HandCgroup): string => group.read('cgroup.procs');
  const dialog = () => page.getByRole('dialog');
  const openTab = async (path: string, tab: string) => {
    await page.goto(`${instance.url}/cgroups/at${path}?tab=${tab}`);
    await page.getByRole('navigation', { name: 'Parts of this page' }).waitFor();
  };
  const setting = (key: string) => page.locator(`[data-setting="${key}"]`);
  const field = (key: string) => setting(key).getByLabel(`Value of ${key}`);
  /** Lets a control plane do all that a policy can let it. */
  const allowAll = async () => {
    writeFileSync(instance.paths.policyFile, JSON.stringify({ foreignCgroups: 'all' }));
    const before = instance.pidOf('agent');
    process.kill(before, 'SIGTERM');
    await eventually('the agent has the new policy', () => {
      try {
        return instance.pidOf('agent') !== before && instance.run('ps').code === 0;
      } catch {
        return false;
      }
    });
  };
  /** From the head of the page. */
  const choose = async (action: string) => {
    await page.getByRole('button', { name: 'More', exact: true }).click();
    await page.getByRole('menuitem', { name: action }).click();
    await dialog().locator('[data-plan]').waitFor(patience);
  };

  beforeAll(async () => {
    hand = new HandCgroup(`/${name}`);
    unit = new HandCgroup(`/${name}.service`);
    instance = await startInstance();
    browser = await openBrowser();
    page = browser.page;
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await becomeAdministrator(instance, page);
  });

  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]();
    for (const child of started) child.kill('SIGKILL');
    for (const group of [hand, unit]) {
      try {
        writeFileSync(group?.file('freezer.state') ?? '/dev/null', 'THAWED');
      } catch {
        // Version 2 has none.
      }
      await group?.remove();
    }
    await instance?.[Symbol.asyncDispose]();
  });

  it('settings stand in one vocabulary with what they take, what is wrong is told while it is typed, and both versions side by side', async () => {
    await openTab(hand.path, 'settings');
    await field('pids.max').waitFor(patience);
    await page.screenshot({ path: join(screenshots, 'real-cgroup-settings.png') });
    expect(await setting('cpu.weight').textContent()).toContain('1 … 10000');
    await field('cpu.weight').fill('0');
    await setting('cpu.weight').getByText('cpu.weight: the kernel takes 1 to 10000, not 0').waitFor();
    await field('memory.max').fill('plenty');
    await setting('memory.max').getByText('is not a size like 64M').waitFor();
    const preview = page.getByRole('button', { name: 'Preview and apply…' });
    expect(await preview.isDisabled()).toBe(true);
    await field('cpu.weight').press('Escape');
    await field('memory.max').fill('64M');
    await setting('memory.max').getByText('64 MiB').waitFor();
    expect(await preview.isEnabled()).toBe(true);
    await setting('cpu.weight')
      .getByRole('button', { name: /The words of both versions for cpu\.weight$/ })
      .click();
    const inForce = setting('cpu.weight').locator(`[data-version="${isUnified ? 2 : 1}"]`);
    await inForce.getByText('in force here').waitFor();
    await setting('cpu.weight').getByText('cpu.shares = round(cpu.weight × 1024 / 100)').waitFor();
    await setting('cpu.weight').getByText('kernel/sched/sched.h, sched_weight_from_cgroup').waitFor();
    expect(await accessibilityTroubles(page)).toEqual([]);
    await page.getByRole('button', { name: 'Undo all' }).click();
    expect(await field('memory.max').inputValue()).toBe('max');
    expect(browser.troubles).toEqual([]);
  });

  it('limits of a foreign group are changed after a preview and a confirmation, all at once, and the kernel holds them', async () => {
    await openTab(unit.path, 'settings');
    await field('pids.max').fill('44');
    await field('memory.max').fill('48M');
    await field('cpu.weight').fill('50');
    if (!isUnified) await setting('cpu.weight').getByText('cpu.shares = 512').waitFor();
    await page.getByRole('button', { name: 'Preview and apply…' }).click();
    const plan = dialog().locator('[data-plan="allowed"]');
    await plan.waitFor(patience);
    const step = (file: string) => plan.locator(`[data-step="${file}"]`);
    const pids = unit.file('pids.max');
    expect(await step(pids).textContent()).toMatch(/max.*→.*44/);
    expect(await step(unit.file('cpu.shares', 'cpu.weight')).textContent()).toMatch(isUnified ? /100.*50/ : /1024.*512/);
    expect(await plan.locator('[data-owner-command]').textContent()).toBe(
      `systemctl set-property --runtime ${name}.service MemoryMax=50331648 CPUWeight=50 TasksMax=44`,
    );
    await plan.getByText('systemd writes its own values again').waitFor();
    expect(await accessibilityTroubles(page)).toEqual([]);
    await page.screenshot({ path: join(screenshots, 'real-cgroup-preview.png') });
    const apply = dialog().getByRole('button', { name: 'Apply', exact: true });
    expect(await apply.isDisabled()).toBe(true);
    // Nothing was done by looking.
    expect(unit.read('pids.max').trim()).toBe('max');
    await dialog().getByRole('checkbox').check();
    await apply.click();
    await dialog().locator('[data-done="set"]').waitFor(patience);
    expect(await dialog().textContent()).toContain(`printf %s 44 > ${pids}`);
    await page.screenshot({ path: join(screenshots, 'real-cgroup-done.png') });
    expect(unit.read('pids.max').trim()).toBe('44');
    expect(unit.read('memory.limit_in_bytes', 'memory.max').trim()).toBe('50331648');
    expect(unit.read('cpu.shares', 'cpu.weight').trim()).toBe(isUnified ? '50' : '512');
    await dialog().getByRole('button', { name: 'Close' }).last().click();
    await setting('pids.max').getByText('Ada').waitFor(patience);
    expect(await field('memory.max').inputValue()).toBe('48M');
    // What somebody else writes is there a moment later, and is told as theirs.
    writeFileSync(hand.file('pids.max'), '77');
    await openTab(hand.path, 'settings');
    await expect.poll(() => field('pids.max').inputValue(), patience).toBe('77');
    await setting('pids.max').getByText('not through Bulkhead').waitFor();
    expect(browser.troubles).toEqual([]);
  });

  it('a value that the kernel refuses is told with file, errno and what to do, and nothing is changed', async () => {
    await openTab(hand.path, 'settings');
    await field('cpu.max').fill('10000 100000');
    await field('cpu.max.burst').fill('90000');
    await page.getByRole('button', { name: 'Preview and apply…' }).click();
    await dialog().locator('[data-plan="allowed"]').waitFor(patience);
    const before = hand.read('cpu.cfs_quota_us', 'cpu.max');
    await dialog().getByRole('button', { name: 'Apply', exact: true }).click();
    const told = dialog().getByRole('alert');
    await told.waitFor(patience);
    expect(await told.textContent()).toMatch(/"90000" in .*burst.* \(EINVAL\)/);
    expect(await told.textContent()).toContain('put back');
    expect(hand.read('cpu.cfs_quota_us', 'cpu.max')).toBe(before);
    await dialog().getByRole('button', { name: 'Cancel' }).click();
    // What was typed is kept.
    expect(await field('cpu.max.burst').inputValue()).toBe('90000');
    // The refusal itself is an answer of status 400: that and nothing else went wrong.
    expect(browser.troubles.filter((trouble) => !/400|cgroup\.set/.test(trouble))).toEqual([]);
    browser.troubles.length = 0;
  });

  it('what the policy of the host does not allow is told before it is asked for, with the line that would allow it', async () => {
    await openTab(hand.path, 'overview');
    await choose('Kill all…');
    const refused = dialog().locator('[data-plan="refused"]');
    await refused.getByText('The policy of this host does not let a control plane end the processes').waitFor(patience);
    await refused.getByText('"foreignCgroups": "all"').waitFor();
    expect(await dialog().getByRole('button', { name: 'Kill all', exact: true }).isDisabled()).toBe(true);
    await dialog().getByRole('button', { name: 'Cancel' }).click();
    await allowAll();
    expect(browser.troubles).toEqual([]);
  });

  it('a group is frozen and thawed, and the kernel says so', async () => {
    startIn(hand);
    const isFrozen = () => (isUnified ? hand.read('cgroup.freeze').trim() === '1' : hand.read('freezer.state').trim() === 'FROZEN');
    await openTab(hand.path, 'overview');
    await choose('Freeze');
    await dialog().getByText('1 process stands still').waitFor(patience);
    await dialog().getByRole('checkbox').check();
    await dialog().getByRole('button', { name: 'Freeze' }).click();
    await dialog().locator('[data-done="freeze"]').waitFor(patience);
    expect(isFrozen()).toBe(true);
    await dialog().getByRole('button', { name: 'Close' }).last().click();
    await page.getByText('Frozen', { exact: true }).waitFor(patience);
    await choose('Thaw');
    await dialog().getByRole('button', { name: 'Thaw' }).click();
    await dialog().locator('[data-done="thaw"]').waitFor(patience);
    expect(isFrozen()).toBe(false);
    await dialog().getByRole('button', { name: 'Close' }).last().click();
    expect(browser.troubles).toEqual([]);
  });

  it('a group is made inside, chosen processes are moved into it, killed, and it is removed: from the tree, by keyboard too', async () => {
    const pid = startIn(hand);
    await page.goto(`${instance.url}/cgroups?q=${name}`);
    const row = (path: string) => page.locator(`tr[data-cgroup="${path}"]`);
    await row(hand.path).waitFor(patience);
    await row(hand.path).focus();
    await page.keyboard.press('m');
    await page.getByRole('menuitem', { name: 'New cgroup…' }).click();
    await dialog().getByLabel('Name').fill('in/../side');
    await dialog().getByText('No empty part').waitFor();
    await dialog().getByLabel('Name').fill('inside');
    await dialog().locator('[data-plan="allowed"]').waitFor(patience);
    expect(await accessibilityTroubles(page)).toEqual([]);
    await page.screenshot({ path: join(screenshots, 'real-cgroup-create.png') });
    await dialog().getByRole('button', { name: 'Make it' }).click();
    await dialog().locator('[data-done="create"]').waitFor(patience);
    await dialog().getByRole('button', { name: 'Close' }).last().click();
    const inside = `${hand.path}/inside`;
    await row(inside).waitFor(patience);
    const target = new HandCgroup(inside);

    await openTab(hand.path, 'processes');
    await page.locator(`tr[data-pid="${pid}"]`).waitFor(patience);
    await page.getByRole('button', { name: 'Choose all' }).waitFor();
    await page.screenshot({ path: join(screenshots, 'real-cgroup-processes.png') });
    expect(await page.locator(`tr[data-pid="${pid}"]`).textContent()).toMatch(/sleep 1000.*root/);
    await page.getByLabel(`Choose process ${pid}`).check();
    await page.getByRole('button', { name: 'Move 1…' }).click();
    await dialog().getByLabel('Into the cgroup').fill(`${name}/ins`);
    await page.getByRole('option', { name: inside }).click();
    await dialog().locator('[data-plan="allowed"]').waitFor(patience);
    await dialog().getByRole('button', { name: 'Move', exact: true }).click();
    await dialog().locator('[data-done="move"]').waitFor(patience);
    expect(groupsOf(target)).toContain(String(pid));
    expect(groupsOf(hand)).not.toContain(String(pid));
    await dialog().getByRole('button', { name: 'Close' }).last().click();
    await page.locator(`tr[data-pid="${pid}"]`).waitFor({ state: 'detached', ...patience });

    await openTab(inside, 'overview');
    await choose('Remove…');
    await dialog().getByText('One process is in it').waitFor(patience);
    expect(await dialog().getByRole('button', { name: 'Remove', exact: true }).isDisabled()).toBe(true);
    await dialog().getByRole('button', { name: 'Cancel' }).click();
    await choose('Kill all…');
    const kill = dialog().getByRole('button', { name: 'Kill all', exact: true });
    await dialog().getByRole('checkbox').check();
    expect(await kill.isDisabled()).toBe(true);
    await dialog().getByLabel('Type inside to confirm').fill('inside');
    await kill.click();
    await dialog().locator('[data-done="kill"]').waitFor(patience);
    await eventually('the process is killed', () => !isAlive(pid));
    await dialog().getByRole('button', { name: 'Close' }).last().click();
    await choose('Remove…');
    await dialog().getByRole('checkbox').check();
    await dialog().getByLabel('Type inside to confirm').fill('inside');
    await dialog().getByRole('button', { name: 'Remove', exact: true }).click();
    await dialog().locator('[data-done="remove"]').waitFor(patience);
    expect(() => target.read('cgroup.procs')).toThrow();
    await dialog().getByRole('button', { name: 'Close' }).last().click();
    // Where it was is gone: the one above is shown.
    await page.waitForURL(`${instance.url}/cgroups/at${hand.path}`);
    expect(browser.troubles).toEqual([]);
  });

  it('what this instance lives by is protected, and the dialog says why before anything is asked', async () => {
    const own = `/${cgroupRoot(instance.instance)}`;
    await openTab(own, 'overview');
    for (const action of ['Freeze', 'Kill all…', 'Remove…']) {
      await choose(action);
      const refused = dialog().locator('[data-plan="refused"]');
      await refused.getByText('the containers of this instance are in it').waitFor(patience);
      await refused.getByText('Only root on the host itself').waitFor();
      expect(
        await dialog()
          .getByRole('button', { name: action.replace('…', ''), exact: true })
          .isDisabled(),
        action,
      ).toBe(true);
      await page.screenshot({ path: join(screenshots, 'real-cgroup-protected.png') });
      await dialog().getByRole('button', { name: 'Cancel' }).click();
    }
    await browser.context.addCookies([{ name: 'bulkhead-locale', value: 'zh', url: instance.url }]);
    await page.reload();
    await page.getByRole('button', { name: '更多' }).click();
    await page.getByRole('menuitem', { name: '冻结' }).click();
    await dialog().getByText('本实例的容器在其中').waitFor(patience);
    await dialog().getByText('只有主机上的 root 可以强制执行').waitFor();
    await browser.context.addCookies([{ name: 'bulkhead-locale', value: 'en', url: instance.url }]);
    expect(browser.troubles).toEqual([]);
  });
});
