import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Files of test/integration that do not run in the guest, by their name or by what they start, and why. All others do:
 * what is new runs there by itself.
 */
export const staysOnHost: readonly { name?: RegExp; starts?: RegExp; why: string }[] = [
  { name: /^cgroup-(?:control-)?v1\./, why: 'legacy hierarchies, of which the guest has none' },
  { name: /^authorisation-/, why: 'who may call what: nothing of the kernel in it' },
  { name: /^agent-trouble\./, why: 'sockets, disks and keys that fail the agent: the same on every kernel, and a dozen slow starts' },
  {
    name: /^cgroup-kill\./,
    why: 'what a killed agent left undone is put back by the same code on every kernel, and each kill is a slow start',
  },
  { name: /\.minutes\./, why: 'they wait for minutes of the clock, which are as long everywhere' },
  { name: /^podman\./, why: 'Podman, of which the guest has none' },
  { name: /^lab\./, why: 'experiments with time, which emulation distorts; delegated-scope.test.ts runs some of them there' },
  { starts: /\bstartPostgres\(|support\/control\//, why: 'database and control plane: the same on every kernel' },
  { starts: /\bstartInstance\(/, why: 'whole instances, a minute each where all is emulated; systemd.test.ts brings one up' },
];

const directory = join(import.meta.dirname, '../../integration');

/** Two guests share the files, so that both processors of a small machine have work. */
export type Half = 'containers' | 'agent and host';

const halfOf = (name: string): Half => (/^(?:container|launcher)/.test(name) ? 'containers' : 'agent and host');

function runsInGuest(name: string): boolean {
  const text = readFileSync(join(directory, name), 'utf8');
  return !staysOnHost.some((reason) => reason.name?.test(name) === true || reason.starts?.test(text) === true);
}

/** `BULKHEAD_TEST_FILES=launcher,cgroup-v2`: of all files only those whose name contains one of these words. */
const chosen = process.env.BULKHEAD_TEST_FILES?.split(',') ?? [''];

/** Paths from the repository's root. */
export function integrationFilesForGuest(half: Half): string[] {
  const files = readdirSync(directory)
    .filter((name) => name.endsWith('.test.ts') && halfOf(name) === half && runsInGuest(name))
    .filter((name) => chosen.some((word) => name.includes(word)))
    .sort()
    .map((name) => `test/integration/${name}`);
  // Without a name vitest would run them all.
  if (files.length === 0) throw new Error(`no file of test/integration that runs in this guest has ${chosen.join(' or ')} in its name`);
  return files;
}
