import type { CgroupGaps, CgroupReason } from '@bulkhead/api';
import { type CgroupNode, Problem } from '@bulkhead/model';
import { agentOf } from '../../client/clients.ts';
import { print, printError, printJson } from '../../output/print.ts';
import { formatBytes } from '../../output/quantity.ts';
import { formatTable, toVisible } from '../../output/table.ts';

export interface ListOptions {
  sort?: 'path' | 'cpu' | 'memory' | 'pids';
  json?: boolean;
}

const dash = '-';
const shown = <T>(value: T | undefined, format: (value: T) => string): string => (value === undefined ? dash : format(value));
const cpus = (millis: number): string => (millis / 1000).toFixed(millis >= 10_000 ? 1 : 3);

const head = ['CPU', 'MEMORY', 'READ/S', 'WRITTEN/S', 'PIDS', 'PROCESSES', 'MAKER'] as const;

/** What is measured of a cgroup; a dash for what is not. */
function cells({ use, processes, maker, frozen }: CgroupNode): string[] {
  return [
    shown(use.cpuMillis, cpus),
    shown(use.memoryBytes, formatBytes),
    shown(use.ioReadBytesPerSecond, formatBytes),
    shown(use.ioWriteBytesPerSecond, formatBytes),
    shown(use.pids, String),
    shown(processes, String),
    `${maker.runtime} ${maker.name}${frozen === true ? ' (frozen)' : ''}`,
  ];
}

const orders: Record<NonNullable<ListOptions['sort']>, (node: CgroupNode) => number> = {
  path: () => 0,
  cpu: ({ use }) => use.cpuMillis ?? -1,
  memory: ({ use }) => use.memoryBytes ?? -1,
  pids: ({ use }) => use.pids ?? -1,
};

const reasonWords: Record<CgroupReason, string> = {
  'cpu-unmounted': 'CPU: no hierarchy that counts it is mounted',
  'memory-missing': 'memory: the controller memory is neither mounted nor offered by the v2 tree',
  'pids-missing': 'processes: the controller pids is neither mounted nor offered by the v2 tree',
  'io-missing': 'I/O: the controller io is neither mounted (as blkio) nor offered by the v2 tree',
  'io-uncounted': 'I/O: this kernel begins to count it with the first throttling rule on a disk; the first container brings one',
  'pressure-unbuilt': 'pressure: the kernel was built without PSI',
  'pressure-off': 'pressure: PSI is switched off; the kernel takes psi=1 at its start',
  'pressure-v1': 'pressure: cgroup v1 does not tell it, and no v2 tree is mounted',
  'pressure-hybrid': 'pressure: told of cgroups in the v2 tree; those of v1 alone have none',
  'events-v1':
    'events: cgroup v1 tells of the first refused fork alone, further ones are counted once a second; nor of CPU and I/O pressure',
  'events-unnamed': "events: whom the OOM killer chose is not known, for the kernel's log cannot be read",
  'events-beyond': 'events: more cgroups have limits than are listened to; the rest is looked at every two minutes',
};

/** What the list does not show stands beside it, never in it. */
function tellGaps({ cgroups, leftOut, leftOutBelow, lateSeconds, reasons }: CgroupGaps): void {
  for (const reason of reasons) printError(`bulkhead: not measured here: ${reasonWords[reason]}\n`);
  if (cgroups > 0) printError(`bulkhead: of ${cgroups} cgroups something could not be read\n`);
  if (lateSeconds !== undefined) printError(`bulkhead: more cgroups than the kernel tells of: a new one is seen within ${lateSeconds} s\n`);
  if (leftOut === 0) return;
  printError(`bulkhead: incomplete: ${leftOut} cgroups more are not read at all\n`);
  for (const { path, count } of leftOutBelow) printError(`  ${count} below ${toVisible(path)}\n`);
}

/** `cgroup ls`: every cgroup of the host with what it used in the last second. */
export async function listCgroups(stateDirectory: string, { sort = 'path', json = false }: ListOptions): Promise<void> {
  const tree = await agentOf(stateDirectory).cgroup.tree.query({});
  const order = orders[sort];
  const cgroups = tree.cgroups.toSorted((left, right) => order(right) - order(left));
  if (json) {
    printJson({ ...tree, cgroups });
    return;
  }
  print(
    formatTable(
      ['PATH', ...head],
      cgroups.map((node) => [node.path, ...cells(node)]),
    ),
  );
  tellGaps(tree.gaps);
}

/** `cgroup tree`: the same, each below the one it is in. */
export async function showCgroupTree(stateDirectory: string, path: string, { json = false }: { json?: boolean }): Promise<void> {
  const tree = await agentOf(stateDirectory).cgroup.tree.query({});
  const prefix = path === '/' ? '/' : `${path}/`;
  const cgroups = tree.cgroups.filter((node) => node.path === path || node.path.startsWith(prefix));
  if (cgroups.length === 0) throw new Problem('not-found', `there is no cgroup ${path}`, { remedy: './bulkhead cgroup ls lists them' });
  if (json) {
    printJson({ ...tree, cgroups });
    return;
  }
  const depth = (each: string): number => (each === '/' ? 0 : each.split('/').length - 1);
  const top = depth(path);
  // A sort by parts keeps what is below a cgroup together: `/a/b` before `/a-c`.
  const keyed = cgroups.map((node) => ({ node, key: node.path.replaceAll('/', '\0') }));
  keyed.sort((left, right) => (left.key < right.key ? -1 : 1));
  print(
    formatTable(
      ['CGROUP', ...head],
      keyed.map(({ node }) => [
        `${'  '.repeat(depth(node.path) - top)}${node.path === path ? path : node.path.slice(node.path.lastIndexOf('/') + 1)}`,
        ...cells(node),
      ]),
    ),
  );
  tellGaps(tree.gaps);
}
