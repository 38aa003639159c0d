import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { becomeAdministrator } from '../support/administrator.ts';
import { openBrowser } from '../support/browser.ts';
import { eventually, startInstance } from '../support/instance.ts';
import { type BenchResult, median } from './result.ts';

const workloads = 1_000;
const rounds = 40;
const warmUps = 3;
const aimMsec = 250;
/** Between two events the host comes to rest, as hosts do. */
const restMsec = 150;

const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((left, right) => left - right)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN;

const pause = (msec: number) => new Promise((resolve) => setTimeout(resolve, msec));
const now = () => performance.timeOrigin + performance.now();

/** A thousand sleepers, each in a cgroup such as Docker makes for a container, and what takes all of it away again. */
class Crowd {
  readonly #base: string;
  #shell: ChildProcess | undefined;

  constructor() {
    const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
    const mount =
      mounts.find((line) => / cgroup2 /.test(line)) ??
      mounts.find((line) => / cgroup /.test(line) && line.split(' ')[3]?.split(',').includes('pids'));
    this.#base = join(mount?.split(' ')[1] ?? '', `bench-${process.pid}`);
  }

  async start(): Promise<void> {
    mkdirSync(this.#base);
    // Each joins by itself: a single thread that moves itself costs the host next to nothing.
    const script = [
      `i=0; while [ $i -lt ${workloads} ]; do path="$0/docker-$(printf '%064x' $i).scope"`,
      'mkdir "$path"; (echo 0 > "$path/cgroup.procs"; exec sleep 3600) & i=$((i+1)); done; wait',
    ].join('; ');
    this.#shell = spawn('sh', ['-c', script, this.#base], { stdio: 'ignore', detached: true });
    const last = join(this.#base, `docker-${(workloads - 1).toString(16).padStart(64, '0')}.scope`, 'cgroup.procs');
    await eventually('the crowd is there', () => existsSync(last) && readFileSync(last, 'utf8') !== '', 60_000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#shell?.pid !== undefined) process.kill(-this.#shell.pid, 'SIGKILL');
    if (!existsSync(this.#base)) return;
    const paths = [
      ...readdirSync(this.#base, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => join(this.#base, name)),
      this.#base,
    ];
    for (const path of paths)
      await eventually(
        `${path} is removed`,
        () => {
          try {
            rmdirSync(path);
            return true;
          } catch {
            // Its last process has not been collected yet.
            return false;
          }
        },
        30_000,
      );
  }
}

/** Notes in the page when rows come, change their words and go, once they are on the screen. */
async function watchRows(page: Page, attribute: string): Promise<void> {
  await page.evaluate((name) => {
    const log: { key: string; text: string | undefined; atMsec: number }[] = [];
    Object.assign(window, { rowLog: log });
    let texts = new Map<string, string>();
    const look = () => {
      const seen = new Map(
        [...document.querySelectorAll(`tr[${name}]`)].map((row) => [row.getAttribute(name) ?? '', row.textContent ?? '']),
      );
      const changed: [string, string | undefined][] = [
        ...[...seen].filter(([key, text]) => texts.get(key) !== text),
        ...[...texts.keys()].filter((key) => !seen.has(key)).map((key): [string, undefined] => [key, undefined]),
      ];
      texts = seen;
      // With the next frame it is on the screen.
      requestAnimationFrame(() => {
        const atMsec = performance.timeOrigin + performance.now();
        for (const [key, text] of changed) log.push({ key, text, atMsec });
      });
    };
    look();
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
  }, attribute);
}

/** When a row first was as wanted; undefined where it was not within two seconds. */
async function rowChanged(page: Page, key: string, wanted: string | undefined, sinceMsec: number): Promise<number | undefined> {
  return await page.evaluate(
    async ({ end, text, since }) => {
      const { rowLog } = window as unknown as { rowLog: { key: string; text: string | undefined; atMsec: number }[] };
      const until = performance.timeOrigin + performance.now() + 2_000;
      for (;;) {
        const found = rowLog.find(
          (entry) =>
            entry.key.endsWith(end) &&
            entry.atMsec >= since &&
            (text === undefined ? entry.text === undefined : entry.text?.includes(text)),
        );
        if (found !== undefined) return found.atMsec;
        if (performance.timeOrigin + performance.now() > until) return undefined;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    { end: key, text: wanted, since: sinceMsec },
  );
}

/**
 * From an event on the host to the changed row in Chromium, with a thousand workloads beside it: the program prints its
 * clock when its namespace is made, the page notes its own when the row is on the screen; both are of one machine.
 */
export async function run(): Promise<BenchResult[]> {
  await using crowd = new Crowd();
  await crowd.start();
  await using instance = await startInstance();
  await using browser = await openBrowser();
  // One page, always in front: what lies behind others is drawn once a second at most.
  const { page, troubles } = browser;
  await becomeAdministrator(instance, page);
  const times = { appeared: [] as number[], went: [] as number[], exited: [] as number[] };
  let failures = 0;
  const note = (list: number[], round: number, from: number, to: number | undefined) => {
    if (to === undefined) failures += 1;
    else if (round >= 0) list.push(to - from);
  };

  await page.goto(`${instance.url}/containers`);
  const told = page.getByText(/^[\d,]+ containers$/);
  await told.waitFor();
  const shown = await eventually(
    'the crowd is on the screen',
    async () => {
      const count = Number((await told.textContent())?.replaceAll(/\D/g, ''));
      return count >= workloads && count;
    },
    30_000,
  );
  await watchRows(page, 'data-container');
  for (let round = -warmUps; round < rounds; round += 1) {
    // A container of ours whose first process dies.
    const name = `b${round + warmUps}`;
    const { code, stderr } = instance.run('run', '-d', '--name', name, '--', 'sleep', '600');
    if (code !== 0) throw new Error(`a container could not be started: ${stderr}`);
    const [{ pid }] = JSON.parse(instance.run('inspect', name).stdout) as [{ pid: number }];
    await rowChanged(page, name, 'Running', 0);
    await pause(restMsec);
    const endedMsec = now();
    process.kill(pid, 'SIGKILL');
    note(times.exited, round, endedMsec, await rowChanged(page, name, 'SIGKILL', endedMsec));
    instance.run('rm', name);
  }

  await page.goto(`${instance.url}/namespaces?type=uts`);
  await page.locator('tr[data-namespace]').first().waitFor();
  await watchRows(page, 'data-namespace');
  for (let round = -warmUps; round < rounds; round += 1) {
    // A program in a namespace of its own.
    const child = spawn('unshare', ['--uts', 'sh', '-c', 'date +%s%N; exec sleep 600'], { stdio: ['ignore', 'pipe', 'ignore'] });
    const madeMsec = await new Promise<number>((resolve) =>
      child.stdout?.once('data', (text: Buffer) => resolve(Number(text.toString().trim()) / 1e6)),
    );
    const inode = /\[(\d+)\]/.exec(readlinkSync(`/proc/${child.pid}/ns/uts`))?.[1] ?? 'none';
    note(times.appeared, round, madeMsec, await rowChanged(page, `-${inode}`, '', madeMsec));
    await pause(restMsec);
    const killedMsec = now();
    child.kill('SIGKILL');
    note(times.went, round, killedMsec, await rowChanged(page, `-${inode}`, undefined, killedMsec));
    await pause(restMsec);
  }
  const result = (what: string, list: readonly number[]): BenchResult => ({
    name: `screen, ${what}, ${shown.toLocaleString('en')} workloads`,
    unit: 'ms p95',
    ours: quantile(list, 0.95),
    peer: Number.NaN,
    ratio: quantile(list, 0.95) / aimMsec,
    goal: { atMost: 1 },
    failures: failures + troubles.length + (list.length < rounds ? 1 : 0),
    notes: [`median ${median(list).toFixed(0)} ms, most ${Math.max(...list).toFixed(0)} ms of ${list.length}; aim ${aimMsec} ms`],
  });
  return [result('a namespace appears', times.appeared), result('a namespace goes', times.went), result('a container ends', times.exited)];
}
