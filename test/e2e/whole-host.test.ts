import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readlinkSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { becomeAdministrator } from '../support/administrator.ts';
import { openBrowser, screenshots, type TestBrowser } from '../support/browser.ts';
import { eventually, startInstance, type TestInstance } from '../support/instance.ts';
import { describeNeeds } from '../support/needs.ts';

/** What a second is worth: what happens on the host is on the screen within it, and what ended is off it. */
const promisedMsec = 1_000;

describeNeeds({ root: true, programs: ['unshare', 'nsenter', 'ip', 'sleep'] }, 'the whole host in a browser', () => {
  let instance: TestInstance;
  let browser: TestBrowser;
  let table: Page;
  let graph: Page;
  const started: ChildProcess[] = [];

  /** Starts a program, as a terminal would, and answers when it is what it is to become. */
  async function start(command: string, args: readonly string[], becomes: string): Promise<number> {
    const child = spawn(command, [...args], { stdio: 'ignore' });
    started.push(child);
    const pid = child.pid ?? 0;
    const nameOf = (of: number): string => {
      try {
        return readFileSync(`/proc/${of}/comm`, 'utf8').trim();
      } catch {
        return '';
      }
    };
    return await eventually(`${becomes} runs`, () => {
      const tree = [pid, ...descendants(pid)];
      return tree.find((one) => nameOf(one) === becomes);
    });
  }
  const descendants = (pid: number): number[] => {
    try {
      const below = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
      return below.flatMap((child) => [child, ...descendants(child)]);
    } catch {
      return [];
    }
  };
  /** The kernel's own word for the namespace of a process. */
  const inodeOf = (pid: number, type: string): string => /\[(\d+)\]/.exec(readlinkSync(`/proc/${pid}/ns/${type}`))?.[1] ?? 'none';
  const row = (inode: string) => table.locator(`tr[data-namespace$="-${inode}"]`);
  const room = (inode: string) => graph.locator(`[data-room$="-${inode}"]`);
  const both = async (act: (inode: ReturnType<typeof row>) => Promise<unknown>, inode: string) => {
    await Promise.all([act(row(inode)), act(room(inode))]);
  };
  const appears = (inode: string) => both((place) => place.waitFor({ timeout: promisedMsec }), inode);
  const goes = (inode: string) => both((place) => place.waitFor({ state: 'detached', timeout: promisedMsec }), inode);

  beforeAll(async () => {
    instance = await startInstance();
    browser = await openBrowser();
    table = browser.page;
    await becomeAdministrator(instance, table);
    graph = await browser.context.newPage();
    await table.goto(`${instance.url}/namespaces`);
    await graph.goto(`${instance.url}/namespaces?view=graph`);
    await table.locator('tr[data-namespace]').first().waitFor();
    await graph.locator('[data-room][data-ground="true"]').waitFor();
  });

  afterAll(async () => {
    for (const child of started) child.kill('SIGKILL');
    await browser?.[Symbol.asyncDispose]();
    await instance?.[Symbol.asyncDispose]();
  });

  it('unshare in a terminal is in table and graph within a second, and off both within a second after its end', async () => {
    const pid = await start('unshare', ['--net', 'sleep', '600'], 'sleep');
    const inode = inodeOf(pid, 'net');
    await appears(inode);
    expect(await row(inode).textContent()).toContain(String(pid));
    expect(await row(inode).textContent()).toContain('network');
    expect(await room(inode).getAttribute('data-empty')).toBe('false');
    await graph.screenshot({ path: join(screenshots, 'real-graph.png') });
    await table.screenshot({ path: join(screenshots, 'real-namespaces.png') });
    process.kill(pid, 'SIGKILL');
    await goes(inode);
  });

  it('a namespace that only a descriptor holds is empty but held, until the descriptor is closed', async () => {
    const inside = await start('unshare', ['--net', 'sleep', '600'], 'sleep');
    const inode = inodeOf(inside, 'net');
    const holder = spawn('sh', ['-c', `exec 7< /proc/${inside}/ns/net; exec sleep 601`], { stdio: 'ignore' });
    started.push(holder);
    await eventually('the descriptor is open', () => existsSync(`/proc/${holder.pid}/fd/7`));
    await appears(inode);
    process.kill(inside, 'SIGKILL');
    await graph.locator(`[data-room$="-${inode}"][data-empty="true"]`).waitFor({ timeout: promisedMsec });
    await graph.locator(`[data-room$="-${inode}"]`).getByText('Empty, held by a descriptor').waitFor();
    await row(inode).getByTitle('1 open descriptor').waitFor({ timeout: promisedMsec });
    await table.goto(`${instance.url}/namespaces/${await row(inode).getAttribute('data-namespace')}`);
    await table.getByText(`fd 7 of ${holder.pid}`).waitFor();
    await table.screenshot({ path: join(screenshots, 'real-held-namespace.png') });
    await table.goBack();
    await row(inode).waitFor();
    holder.kill('SIGKILL');
    await goes(inode);
  });

  it('a bind-mounted namespace shows where it is mounted, and goes with ip netns del', async () => {
    const name = `e2e-${process.pid}`;
    execFileSync('ip', ['netns', 'add', name]);
    try {
      const inode = execFileSync('stat', ['--format', '%i', `/run/netns/${name}`], { encoding: 'utf8' }).trim();
      await appears(inode);
      await graph.locator(`[data-room$="-${inode}"][data-empty="true"]`).getByText('Empty, held by a bind mount').waitFor();
      execFileSync('ip', ['netns', 'del', name]);
      await goes(inode);
    } finally {
      if (existsSync(`/run/netns/${name}`)) execFileSync('ip', ['netns', 'del', name]);
    }
  });

  it('nested pid namespaces stand in one another', async () => {
    const pid = await start('unshare', ['--pid', '--fork', '--', 'unshare', '--pid', '--fork', '--', 'sleep', '602'], 'sleep');
    const parentOf = (of: number) => Number(/^PPid:\t(\d+)/m.exec(readFileSync(`/proc/${of}/status`, 'utf8'))?.[1]);
    const [inner, outer] = [inodeOf(pid, 'pid'), inodeOf(parentOf(pid), 'pid')];
    expect(inner).not.toBe(outer);
    await graph.goto(`${instance.url}/namespaces?view=graph&type=pid`);
    await graph.locator(`[data-room$="-${inner}"]`).waitFor();
    const boxOf = async (inode: string) =>
      (await graph.locator(`[data-room$="-${inode}"]`).boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
    const [small, large] = [await boxOf(inner), await boxOf(outer)];
    expect(small.x).toBeGreaterThan(large.x);
    expect(small.y).toBeGreaterThan(large.y);
    expect(small.x + small.width).toBeLessThan(large.x + large.width);
    expect(small.y + small.height).toBeLessThan(large.y + large.height);
    await graph.screenshot({ path: join(screenshots, 'real-graph-nested.png') });
  });

  it('a room with several inhabitants is one room', async () => {
    const first = await start('unshare', ['--net', '--uts', 'sleep', '603'], 'sleep');
    const inode = inodeOf(first, 'net');
    const second = await start('nsenter', ['--net', '--target', String(first), 'unshare', '--uts', 'sleep', '604'], 'sleep');
    expect(inodeOf(second, 'net')).toBe(inode);
    await graph.goto(`${instance.url}/namespaces?view=graph`);
    await graph.locator(`[data-room$="-${inode}"]`).waitFor();
    await expect.poll(() => graph.locator(`[data-room$="-${inode}"]`).count()).toBe(1);
    await expect.poll(() => graph.locator(`[data-room$="-${inode}"]`).textContent(), { timeout: 2_000 }).toContain('2 processes');
  });

  it('a cgroup made by hand is in the tree with what it uses, and off it when it is removed', async () => {
    const name = `e2e-${process.pid}`;
    const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
    const mountOf = (controller: string) =>
      mounts.find((line) => / cgroup /.test(line) && line.split(' ')[3]?.split(',').includes(controller))?.split(' ')[1] ??
      mounts.find((line) => / cgroup2 /.test(line))?.split(' ')[1];
    const paths = [...new Set(['cpuacct', 'pids', 'memory'].map((controller) => join(mountOf(controller) ?? '', name)))];
    await table.goto(`${instance.url}/cgroups?sort=-cpu`);
    await table.locator('tr[data-cgroup="/"]').waitFor();
    for (const path of paths) mkdirSync(path);
    const busy = spawn('sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' });
    started.push(busy);
    try {
      for (const path of paths) writeFileSync(join(path, 'cgroup.procs'), String(busy.pid));
      const line = table.locator(`tr[data-cgroup="/${name}"]`);
      await line.waitFor({ timeout: 2 * promisedMsec });
      await expect
        .poll(async () => Number(/([\d.]+) cores/.exec((await line.textContent()) ?? '')?.[1] ?? 0), { timeout: 8_000 })
        .toBeGreaterThan(0.2);
      await table.screenshot({ path: join(screenshots, 'real-cgroups.png') });
      await line.getByRole('link', { name }).click();
      await table.getByRole('img', { name: /^CPU\. now 0\.|^CPU\. now 1/ }).waitFor({ timeout: 10_000 });
      await table.screenshot({ path: join(screenshots, 'real-cgroup.png') });
      await table.getByRole('link', { name: 'Kernel files' }).click();
      await table.getByText('cgroup.procs').first().waitFor();
      await table.goBack();
      await table.getByRole('link', { name: 'Kernel files' }).and(table.locator(':not([aria-current])')).waitFor();
      await table.goBack();
      await line.waitFor();
    } finally {
      busy.kill('SIGKILL');
      await new Promise((resolve) =>
        busy.exitCode !== null || busy.signalCode !== null ? resolve(undefined) : busy.once('exit', resolve),
      );
      for (const path of paths)
        await eventually(`${path} is removed`, () => {
          try {
            rmdirSync(path);
            return true;
          } catch {
            // The kernel keeps it for a moment after its last process.
            return false;
          }
        });
    }
    await table.locator(`tr[data-cgroup="/${name}"]`).waitFor({ state: 'detached', timeout: 2 * promisedMsec });
  });

  it('the overview tells the whole host, and its health what that host lacks', async () => {
    await table.goto(`${instance.url}/`);
    await table.locator('[data-runtime="plain"]').first().waitFor();
    await table.getByText('Stored data').waitFor();
    await table.getByRole('rowheader', { name: 'agent', exact: true }).waitFor();
    await expect.poll(() => table.getByRole('row', { name: /^agent \d/ }).textContent(), { timeout: 15_000 }).toMatch(/cores/);
    await table.screenshot({ path: join(screenshots, 'real-overview.png'), fullPage: true });
    await table.goto(`${instance.url}/health`);
    await table
      .locator('[data-check="kernel.release"]')
      .getByText(execFileSync('uname', ['-r'], { encoding: 'utf8' }).trim())
      .waitFor();
    await table.screenshot({ path: join(screenshots, 'real-health.png'), fullPage: true });
  });

  it('what was made durable of a cgroup is in its stored chart', async () => {
    // A stored point stands for a minute, and minutes are made durable as they end.
    const shown = async () => {
      await table.goto(`${instance.url}/cgroups/at?range=1h`);
      return table
        .getByRole('img', { name: /^CPU\. last / })
        .waitFor({ timeout: 5_000 })
        .then(
          () => true,
          () => false,
        );
    };
    await expect.poll(shown, { timeout: 150_000, interval: 1_000 }).toBe(true);
    await table.screenshot({ path: join(screenshots, 'real-stored-cgroup.png') });
  }, 180_000);

  it('nothing went wrong in any page', () => {
    expect(browser.troubles).toEqual([]);
  });
});
