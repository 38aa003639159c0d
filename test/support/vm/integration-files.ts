import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Files of test/integration that do not run in the guest, and why. All others do: what is new runs there by itself. */
export const staysOnHost: readonly { pattern: RegExp; why: string }[] = [
  { pattern: /^cgroup-v1\./, why: 'legacy hierarchies, of which the guest has none' },
  { pattern: /^(?:db|collector)-/, why: 'PostgreSQL, our SQL and its client: the same on every kernel' },
  { pattern: /^(?:control|authorisation)-/, why: 'who may call what: nothing of the kernel in it' },
  {
    pattern: /^(?:up|secrets)[-.]/,
    why: 'whole instances with database and dashboard, a minute each under emulation; systemd.test.ts brings one up',
  },
];

const directory = join(import.meta.dirname, '../../integration');

/** Two guests share the files, so that both processors of a small machine have work. */
export type Half = 'below the agent' | 'agent';

const halfOf = (name: string): Half => (/\bagent\b/.test(name) ? 'agent' : 'below the agent');

/** Paths from the repository's root. */
export const integrationFilesForGuest = (half: Half): string[] =>
  readdirSync(directory)
    .filter((name) => name.endsWith('.test.ts') && !staysOnHost.some(({ pattern }) => pattern.test(name)) && halfOf(name) === half)
    .sort()
    .map((name) => `test/integration/${name}`);
