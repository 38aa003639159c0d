/**
 * Makes the pictures of the README, docs/images, from the built pages and the stand-in agent:
 *
 *     ./bulkhead build && node_modules/.bin/node test/support/control/readme-images.ts
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Container } from '@bulkhead/model';
import { openBrowser } from '../browser.ts';
import { populateHost } from './populate-host.ts';
import { setUp } from './session.ts';
import { startTestWeb } from './web.ts';

const images = join(import.meta.dirname, '../../../docs/images');
const mebibyte = 1024 ** 2;
const ago = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString();

await using web = await startTestWeb();
const { agent } = web;

function make(
  name: string,
  tenantId: string,
  minutes: number,
  use: [number, number] | undefined,
  facts: Partial<Container> = {},
): Container {
  const container = agent.add({ name, tenantId, createdAt: ago(minutes), startedAt: ago(minutes), ...facts });
  if (use !== undefined) agent.backfill(container.id, 880, { cpuMillis: use[0], memoryBytes: use[1] * mebibyte });
  return container;
}

make('reports', 'acme', 190, undefined, {
  status: 'stopped',
  finishedAt: ago(184),
  exitStatus: { kind: 'exited', code: 0 },
  args: ['make', 'reports'],
});
make('import', 'globex', 55, undefined, { status: 'stopped', finishedAt: ago(41), exitStatus: { kind: 'exited', code: 3 } });
make('web-2', 'acme', 610, [96, 141], {
  args: ['python3', '-m', 'http.server'],
  limits: { cpuMaxMillis: 1000, memoryMaxBytes: 256 * mebibyte },
});
make('web-1', 'acme', 612, [184, 173], {
  args: ['python3', '-m', 'http.server'],
  limits: { cpuMaxMillis: 1000, memoryMaxBytes: 256 * mebibyte },
});
make('database', 'globex', 1440, [640, 1240], {
  args: ['postgres', '-D', '/data'],
  limits: { cpuMaxMillis: 2000, memoryMaxBytes: 2048 * mebibyte },
});
const encoder = make('encoder', 'globex', 84, [476, 118], {
  args: ['ffmpeg', '-i', 'in.mkv', 'out.webm'],
  limits: { cpuMaxMillis: 500, memoryMaxBytes: 128 * mebibyte, pidsMax: 64 },
});
populateHost(agent.host);
// A host on which everything can be read.
agent.host.unreadable = { processes: 0, descriptors: 0, reasons: [] };
agent.host.gaps = { cgroups: 0, leftOut: 0, leftOutBelow: [], reasons: [] };
await web.stored();

const session = await setUp(web);
await using browser = await openBrowser();
const { page } = browser;
await browser.signIn(web.origin, session.cookie);
session.close();
await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });

for (const [image, path, shows, height] of [
  ['containers', '/containers', '[data-container="encoder"] [role="meter"]', 900],
  ['container', `/containers/${encoder.id}`, '.u-over', 720],
  ['namespaces', '/namespaces?view=graph', '[data-placed="true"] [data-room]', 760],
  ['cgroups', '/cgroups?tree=open', 'tr[data-cgroup="/system.slice/ssh.service"]', 900],
] as const) {
  await page.setViewportSize({ width: 1440, height });
  await page.goto(web.origin + path);
  await page.locator(shows).first().waitFor();
  // Long enough for live numbers and small charts.
  await sleep(4000);
  await page.screenshot({ path: join(images, `${image}.png`) });
}
if (browser.troubles.length > 0) throw new Error(browser.troubles.join('\n'));
