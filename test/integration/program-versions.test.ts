import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAgentClient, createControlClient } from '../../apps/cli/src/client/clients.ts';
import { type Checkout, copyCheckout } from '../support/checkout.ts';
import { ended, eventually, startInstance, type TestInstance } from '../support/instance.ts';
import { describeNeeds } from '../support/needs.ts';

const newTitle = 'Rebuilt while it ran';

/** On a connection of its own: one that was kept open may be that of a dashboard killed meanwhile. */
const get = (url: string): Promise<Response> => fetch(url, { headers: { connection: 'close' } });

/** Pages that anybody may load, with every script and style they name, and the names of those not served whole. */
async function loadPages(url: string): Promise<{ assets: number; failed: string[]; isChanged: boolean }> {
  const failed: string[] = [];
  const assets = new Set<string>();
  let isChanged = false;
  for (const path of ['/sign-in', '/setup?token=none']) {
    const answer = await get(`${url}${path}`);
    if (answer.status !== 200) failed.push(`${path} ${answer.status}`);
    const page = await answer.text();
    isChanged ||= page.includes(newTitle);
    for (const [asset] of page.matchAll(/\/_next\/static\/[^"\\?]+\.(?:js|css)/g)) assets.add(asset);
  }
  for (const asset of assets) {
    const answer = await get(`${url}${asset}`);
    if (answer.status !== 200 || (await answer.text()).length === 0) failed.push(`${asset} ${answer.status}`);
  }
  return { assets: assets.size, failed, isChanged };
}

/** Every chunk of the version that is served, whether a page has asked for it yet or not. */
async function loadAllChunks(url: string, version: string): Promise<{ chunks: number; failed: string[] }> {
  const directory = join(version, 'apps/web/.next/static');
  const names = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const failed: string[] = [];
  for (const { parentPath, name } of names) {
    const path = join(parentPath, name).slice(directory.length);
    const { status } = await get(`${url}/_next/static${path}`);
    if (status !== 200) failed.push(`${path} ${status}`);
  }
  return { chunks: names.length, failed };
}

const isServing = async (url: string): Promise<boolean> => (await get(`${url}/api/health`).catch(() => undefined))?.status === 200;

const programOf = (pid: number): string => /programs\/([0-9a-f]{16})\//.exec(readFileSync(`/proc/${pid}/cmdline`, 'utf8'))?.[1] ?? '';

describeNeeds(
  { root: true, cgroup: 'any', userNamespaces: true, programs: ['useradd', 'setpriv', 'findmnt'] },
  'versions of the program',
  () => {
    let checkout: Checkout;
    let instance: TestInstance;
    const output = () => spawnSync('findmnt', ['--list', '--noheadings', '--output', 'TARGET'], { encoding: 'utf8' }).stdout;
    const versions = () => readdirSync(instance.paths.programs).sort();
    const mounted = () =>
      output()
        .split('\n')
        .filter((line) => line.startsWith(instance.paths.programMounts));

    beforeAll(async () => {
      checkout = copyCheckout();
      instance = await startInstance({ commandLine: checkout.commandLine });
    }, 180_000);
    afterAll(async () => {
      await instance?.[Symbol.asyncDispose]();
      checkout?.[Symbol.dispose]();
    }, 120_000);

    test('an instance shares no file with what a build writes, and its packages take no space twice', () => {
      const [version = ''] = versions();
      const published = join(instance.paths.programs, version);
      for (const file of [
        'apps/agent/dist/launcher.mjs',
        'apps/web/.next/BUILD_ID',
        'apps/web/dist/main.mjs',
        'packages/db/dist/migrate.mjs',
      ]) {
        expect(readFileSync(join(published, file))).toEqual(readFileSync(join(checkout.root, file)));
        expect([file, statSync(join(published, file)).nlink]).toEqual([file, 1]);
      }
      const node = `node_modules/node-linux-${process.arch}/bin/node`;
      const sameFilesystem = statSync(published).dev === statSync(checkout.root).dev;
      expect(statSync(join(published, node)).ino === statSync(join(checkout.root, node)).ino).toBe(sameFilesystem);
      // What only builds and tests need is not there to be misused.
      for (const unwanted of ['esbuild', 'typescript', 'vitest', '@biomejs/biome'])
        expect(existsSync(join(published, 'node_modules', unwanted))).toBe(false);
    });

    test('a page changed and rebuilt, packages and build output removed: pages, chunks and containers go on', {
      timeout: 300_000,
    }, async () => {
      const created = instance.run('run', '--name', 'steady', '--detach', '--', 'sleep', '1000');
      expect([created.code, created.stderr]).toEqual([0, '']);
      const before = instance.run('ps', '--json').stdout;
      const [version = ''] = versions();
      expect(await loadPages(instance.url)).toMatchObject({ failed: [] });

      const catalogue = join(checkout.root, 'apps/web/messages/en.json');
      const changed = readFileSync(catalogue, 'utf8').replace(/("signIn": \{[^}]*?"title": )"[^"]*"/, '$1"Rebuilt while it ran"');
      expect(changed).toContain('Rebuilt while it ran');
      writeFileSync(catalogue, changed);
      const agentSource = join(checkout.root, 'apps/agent/src/main.ts');
      writeFileSync(agentSource, `${readFileSync(agentSource, 'utf8')}\nglobalThis.setTimeout(() => undefined, 0);\n`);
      checkout.build();
      // A build made other chunks: the old names are gone from the checkout.
      expect(readFileSync(join(checkout.root, 'apps/web/.next/BUILD_ID'), 'utf8')).not.toBe(
        readFileSync(join(instance.paths.programs, version, 'apps/web/.next/BUILD_ID'), 'utf8'),
      );
      const mid = await loadPages(instance.url);
      expect(mid.failed).toEqual([]);
      expect(mid.assets).toBeGreaterThan(5);
      expect(mid.isChanged).toBe(false);
      const chunks = await loadAllChunks(instance.url, join(instance.paths.programs, version));
      expect(chunks.failed).toEqual([]);
      expect(chunks.chunks).toBeGreaterThan(20);
      expect(JSON.parse(instance.run('ps', '--json').stdout)).toMatchObject(JSON.parse(before) as object[]);
      // A service that is started again meanwhile is still the one that the others were built with.
      const web = instance.pidOf('web');
      process.kill(web, 'SIGKILL');
      await eventually('another dashboard', async () => (await get(`${instance.url}/api/health`).catch(() => undefined))?.status === 200);
      expect(programOf(instance.pidOf('web'))).toBe(version);
      expect((await loadPages(instance.url)).failed).toEqual([]);
    });

    test('the next up takes the new version, and the old one stays as long as somebody runs it', { timeout: 120_000 }, async () => {
      const [old = ''] = versions();
      const pid = instance.pidOf('launcher');
      instance.child.kill('SIGINT');
      await ended(instance.child);
      const again = await startInstance({ stateDirectory: instance.stateDirectory, commandLine: checkout.commandLine });
      instance = again;
      expect((await loadPages(again.url)).isChanged).toBe(true);
      expect(again.pidOf('launcher')).toBe(pid);
      expect(versions()).toHaveLength(2);
      expect(readlinkSync(`/proc/${pid}/exe`)).toContain(old);
      expect(mounted()).toHaveLength(2);
      expect(JSON.parse(again.run('ps', '--json').stdout)).toMatchObject([{ name: 'steady', status: 'running' }]);
    });

    test('a launcher whose own program changed is upgraded by the next up: same pid, same container, and the old version goes', {
      timeout: 180_000,
    }, async () => {
      const source = join(checkout.root, 'apps/agent/src/launcher/main.ts');
      writeFileSync(source, readFileSync(source, 'utf8').replace("message: 'resumed'", "message: 'resumed by the new one'"));
      checkout.build();
      const pid = instance.pidOf('launcher');
      const started = (JSON.parse(instance.run('inspect', 'steady').stdout) as [{ pid: number }])[0];
      instance.child.kill('SIGINT');
      await ended(instance.child);
      instance = await startInstance({ stateDirectory: instance.stateDirectory, commandLine: checkout.commandLine });
      expect(instance.pidOf('launcher')).toBe(pid);
      expect(programOf(pid)).toBe(programOf(instance.pidOf('agent')));
      expect(readFileSync(join(instance.paths.logs, 'launcher.log'), 'utf8')).toContain('resumed by the new one');
      expect(JSON.parse(instance.run('inspect', 'steady').stdout)).toMatchObject([{ status: 'running', pid: started.pid }]);
      const control = createControlClient(instance.paths.controlSocket);
      const told = await eventually('the event', async () => {
        const [event] = await control.event.list.query({ kind: 'launcher.upgraded', limit: 10 });
        return event;
      });
      expect(told).toMatchObject({ kind: 'launcher.upgraded', detail: { pid, processes: 1 } });
      const { warnings } = await createAgentClient(instance.paths.agentSocket).host.info.query({});
      expect(warnings.filter((warning) => warning.includes('launcher'))).toEqual([]);
      await eventually('the old versions to go', () => versions().length === 1 && mounted().length === 1, 40_000);
      expect(versions()).toEqual([programOf(pid)]);
    });

    test('an instance outlives its checkout', { timeout: 60_000 }, async () => {
      rmSync(join(checkout.root, 'node_modules'), { recursive: true });
      rmSync(join(checkout.root, 'apps/web/.next'), { recursive: true });
      rmSync(join(checkout.root, 'apps/agent/dist'), { recursive: true });
      for (const service of ['web', 'agent']) {
        const before = instance.pidOf(service);
        process.kill(before, 'SIGKILL');
      }
      await eventually('another dashboard', () => isServing(instance.url));
      expect((await loadPages(instance.url)).failed).toEqual([]);
      await eventually('the agent', () => instance.run('ps').code === 0);
    });
  },
);
