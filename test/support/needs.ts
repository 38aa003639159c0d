import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { describe } from 'vitest';

/** What a group of tests needs of the machine. Each is probed before anything runs, never guessed from a failure. */
export interface Needs {
  root?: boolean;
  /** `v1`: at least one legacy hierarchy; `v2`: the unified one, alone or beside legacy ones. */
  cgroup?: 'v1' | 'v2' | 'any';
  /** Controllers that must be there in either version. */
  controllers?: readonly string[];
  /** Least kernel release, `5.14`. */
  kernel?: string;
  /** Programs that must be on the path. */
  programs?: readonly string[];
  userNamespaces?: boolean;
  architecture?: 'x64' | 'arm64';
}

const mounts = (): string => readFileSync('/proc/self/mounts', 'utf8');

function hasController(name: string): boolean {
  const legacy = mounts()
    .split('\n')
    .some((line) => / cgroup /.test(line) && line.split(' ')[3]?.split(',').includes(name));
  if (legacy) return true;
  const unified = mounts()
    .split('\n')
    .find((line) => / cgroup2 /.test(line))
    ?.split(' ')[1];
  const file = `${unified}/cgroup.controllers`;
  return unified !== undefined && existsSync(file) && readFileSync(file, 'utf8').trim().split(' ').includes(name);
}

function isAtLeast(wanted: string, found: string): boolean {
  const [wantedMajor = 0, wantedMinor = 0] = wanted.split('.').map(Number);
  const [major = 0, minor = 0] = found.split(/[.-]/).map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

const programDirectories = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** What is missing, in words; empty where everything is there. */
export function findMissing(needs: Needs): string[] {
  const missing: string[] = [];
  if (needs.root === true && process.geteuid?.() !== 0) missing.push('root');
  if (needs.cgroup === 'v1' && !/ cgroup /.test(mounts())) missing.push('a legacy control group hierarchy');
  if (needs.cgroup === 'v2' && !/ cgroup2 /.test(mounts())) missing.push('the unified control group hierarchy');
  if (needs.cgroup === 'any' && !/ cgroup2? /.test(mounts())) missing.push('control groups');
  for (const name of needs.controllers ?? []) if (!hasController(name)) missing.push(`the control group controller ${name}`);
  if (needs.kernel !== undefined && !isAtLeast(needs.kernel, release())) missing.push(`Linux ${needs.kernel} (this is ${release()})`);
  for (const program of needs.programs ?? [])
    if (!programDirectories.some((directory) => existsSync(`${directory}/${program}`))) missing.push(`the program ${program}`);
  if (needs.userNamespaces === true && !existsSync('/proc/self/ns/user')) missing.push('user namespaces');
  if (needs.architecture !== undefined && needs.architecture !== process.arch) missing.push(needs.architecture);
  return missing;
}

/**
 * `describe` where the machine has what the tests need; else they are skipped, with what is missing in their title. In CI
 * a skip is a failure.
 *
 * @param options.retry for tests that hold something to a second: a machine that does other things at that moment gets another try
 */
export function describeNeeds(needs: Needs, title: string, define: () => void, options: { retry?: number } = {}): void {
  const missing = findMissing(needs);
  if (missing.length === 0) describe(title, options, define);
  else describe.skip(`${title} (needs ${missing.join(', ')})`, define);
}
