import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { UsageSummary } from '@bulkhead/api';
import type { Container, ContainerDetail } from '@bulkhead/model';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openBrowser, screenshots, type TestBrowser } from '../support/browser.ts';

/** The whole thing as an administrator meets it: one command, a browser, a container, what it used, and nothing left. */
const root = join(import.meta.dirname, '../..');
const bulkhead = join(root, 'bulkhead');
const directory = mkdtempSync(join(tmpdir(), 'bulkhead-e2e-'));
// The services have users of their own, who must be able to pass.
chmodSync(directory, 0o755);
const stateDirectory = join(directory, 'state');
const run = promisify(execFile);
const secret = 'a passphrase for a test only';

let up: ChildProcess | undefined;
let said = '';
let origin = '';
let browser: TestBrowser;
let page: Page;

const command = async (...args: string[]): Promise<string> => {
  const { stdout } = await run(bulkhead, [...args.slice(0, 1), '--state-dir', stateDirectory, ...args.slice(1)], {
    maxBuffer: 16 * 1024 * 1024,
  });
  return stdout;
};

async function until<T>(what: string, probe: () => T | undefined | Promise<T | undefined>, withinMsec: number): Promise<T> {
  const deadline = performance.now() + withinMsec;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (performance.now() > deadline || (up !== undefined && up.exitCode !== null))
      throw new Error(`${what} did not happen within ${withinMsec} ms; up said:\n${said}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

const inspect = async (name: string): Promise<ContainerDetail> => {
  const [detail] = JSON.parse(await command('inspect', name));
  return detail;
};

/** CPU time of a cgroup in microseconds, as the kernel's own file says. */
function kernelCpuUsec(cgroupPath: string): bigint {
  const v1 = join('/sys/fs/cgroup/cpuacct', cgroupPath, 'cpuacct.usage');
  if (existsSync(v1)) return BigInt(readFileSync(v1, 'utf8').trim()) / 1000n;
  const v2 = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'].map((mount) => join(mount, cgroupPath, 'cpu.stat')).find(existsSync);
  return BigInt(/^usage_usec (\d+)/m.exec(readFileSync(v2 ?? '', 'utf8'))?.[1] ?? '-1');
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

beforeAll(async () => {
  const port = await freePort();
  up = spawn(bulkhead, ['up', '--state-dir', stateDirectory, '--listen', `127.0.0.1:${port}`], { stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [up.stdout, up.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  origin = await until('ready', () => /^ready (http\S+)/m.exec(said)?.[1], 240_000);
  browser = await openBrowser();
  page = browser.page;
});

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  if (up !== undefined && up.exitCode === null) {
    up.kill('SIGTERM');
    await new Promise((resolve) => up?.once('exit', resolve));
  }
  if (existsSync(stateDirectory)) await command('down', '--purge');
  rmSync(directory, { recursive: true, force: true });
});

it('the link that up prints makes the first administrator', async () => {
  const link = await until('the link', () => /http\S+\/setup\?token=\S+/.exec(said)?.[0], 10_000);
  await page.goto(link);
  await page.locator('input[name=name]').fill('Ada');
  await page.locator('input[name=email]').fill('ada@example.org');
  await page.locator('input[name=password]').fill(secret);
  await page.locator('input[name=repeat]').fill(secret);
  await page.getByRole('button', { name: 'Create administrator' }).click();
  await page.waitForURL(`${origin}/`);
  await page.getByText('Reachable').waitFor();
});

let burn: Container;

it('a container that is started in a terminal appears in the open browser within a second', async () => {
  await page.goto(`${origin}/containers`);
  await page.getByRole('heading', { name: 'No containers yet' }).waitFor();
  const row = page.locator('tr[data-container="burn"]');
  await command(
    'run',
    '-d',
    '--name',
    'burn',
    '--tenant',
    'acme',
    '--cpus',
    '0.5',
    '--image',
    'host',
    '--',
    'sh',
    '-c',
    'echo lit; while :; do :; done',
  );
  await row.waitFor({ timeout: 1_000 });
  burn = await inspect('burn');
  await expect
    .poll(async () => Number(/([\d.]+) cores/.exec((await row.textContent()) ?? '')?.[1] ?? 0), { timeout: 15_000 })
    .toBeGreaterThan(0.35);
  const cores = Number(/([\d.]+) cores/.exec((await row.textContent()) ?? '')?.[1]);
  expect(cores).toBeLessThan(0.65);
  await page.screenshot({ path: join(screenshots, 'real-containers.png') });
});

it('its page shows its processes, output, namespaces and how it was made', async () => {
  await page.getByRole('link', { name: 'burn', exact: true }).click();
  await page.getByRole('img', { name: /^CPU\. now 0\./ }).waitFor();
  await page.waitForTimeout(3_000);
  await page.screenshot({ path: join(screenshots, 'real-container.png') });
  const tab = (name: string) => page.getByRole('navigation', { name: 'Parts of this page' }).getByRole('link', { name }).click();
  await tab('Processes');
  const process = page.locator('tbody tr').first();
  await process.waitFor();
  expect(await process.locator('th').textContent()).toBe('1');
  expect(await process.textContent()).toContain(String(burn.pid));
  await tab('Logs');
  await page.getByRole('log').getByText('lit').waitFor();
  await tab('Namespaces');
  await page.locator('tbody tr').first().waitFor();
  // The kernel's own word for each of them.
  for (const [type, file] of [
    ['pid', 'pid'],
    ['network', 'net'],
    ['mount', 'mnt'],
    ['ipc', 'ipc'],
    ['uts', 'uts'],
    ['cgroup', 'cgroup'],
    ['user', 'user'],
  ] as const) {
    const inode = /\[(\d+)\]/.exec(execFileSync('readlink', [`/proc/${burn.pid}/ns/${file}`], { encoding: 'utf8' }))?.[1] ?? 'none';
    const line = page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: type, exact: true }) });
    expect(await line.textContent(), type).toContain(inode);
    expect(await line.textContent(), type).toContain('Its own');
  }
  await tab('Transcript');
  await page.getByText('clone3').first().waitFor();
  await page.screenshot({ path: join(screenshots, 'real-transcript.png') });
  expect(browser.troubles).toEqual([]);
});

it('what its tenant used is what the kernel counted', async () => {
  const { cgroupPath } = await inspect('burn');
  const before = kernelCpuUsec(cgroupPath);
  const [acme] = JSON.parse(await command('usage', '--tenant', 'acme', '--json')) as UsageSummary[];
  const after = kernelCpuUsec(cgroupPath);
  const told = BigInt(acme?.cpuUsageUsec ?? '-1');
  expect(told).toBeGreaterThanOrEqual(before);
  expect(told).toBeLessThanOrEqual(after);
  await page.goto(`${origin}/usage`);
  await page.getByRole('link', { name: 'burn' }).waitFor();
  await page.screenshot({ path: join(screenshots, 'real-usage.png') });
});

it('its stored chart has what was made durable', async () => {
  // A stored point is the mean since the one before, and readings are made durable once a minute.
  const shown = async () => {
    await page.goto(`${origin}/containers/${burn.id}?range=1h`);
    return page
      .getByRole('img', { name: /^CPU\. last 0\./ })
      .waitFor({ timeout: 5_000 })
      .then(
        () => true,
        () => false,
      );
  };
  await expect.poll(shown, { timeout: 100_000, interval: 1_000 }).toBe(true);
  await page.screenshot({ path: join(screenshots, 'real-stored.png') });
});

it('it outlives the agent, and its chart goes on', async () => {
  await page.goto(`${origin}/containers/${burn.id}`);
  await page.getByRole('img', { name: /^CPU\. now 0\./ }).waitFor();
  const status = JSON.parse(await command('status', '--json')) as { services?: { name: string; pid?: number }[] };
  const agent = status.services?.find((service) => service.name === 'agent')?.pid;
  expect(agent).toBeGreaterThan(1);
  process.kill(Number(agent), 'SIGKILL');
  await page.getByText('The agent does not answer, reconnecting').waitFor({ timeout: 10_000 });
  expect(isAlive(Number(burn.pid))).toBe(true);
  await page.getByText('The agent does not answer, reconnecting').waitFor({ state: 'detached', timeout: 20_000 });
  await page.waitForTimeout(3_000);
  expect((await inspect('burn')).pid).toBe(burn.pid);
  await page.keyboard.press('t');
  const numbers = page.getByRole('region', { name: 'The charts' }).locator('tbody tr');
  await expect.poll(() => numbers.count(), { timeout: 10_000 }).toBeGreaterThan(3);
  await page.screenshot({ path: join(screenshots, 'real-after-crash.png') });
});

it('removing it leaves nothing of it, and the page says so', async () => {
  await page.goto(`${origin}/containers`);
  const row = page.locator('tr[data-container="burn"]');
  await row.waitFor();
  await command('rm', '-f', 'burn');
  await row.getByText('Deleted').filter({ visible: true }).waitFor({ timeout: 1_000 });
  await row.waitFor({ state: 'detached', timeout: 8_000 });
  expect(isAlive(Number(burn.pid))).toBe(false);
  expect(execFileSync('find', ['/sys/fs/cgroup', '-name', `*${burn.id}*`], { encoding: 'utf8' })).toBe('');
  expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(burn.id);
});

it('no log holds the link, the password or the session', async () => {
  const token = /setup\?token=(\S+)/.exec(said)?.[1] ?? 'none';
  const session = (await browser.context.cookies()).find(({ name }) => name.endsWith('-session'))?.value.split('.')[0] ?? 'none';
  for (const name of readdirSync(join(stateDirectory, 'logs'))) {
    const log = readFileSync(join(stateDirectory, 'logs', name), 'utf8');
    for (const text of [token, secret, session]) expect(log.includes(text), name).toBe(false);
  }
});
