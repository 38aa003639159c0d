import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { delegatedScope, Problem } from '@bulkhead/model';
import { hierarchies } from './cgroups.ts';

/** True on a host that systemd runs (sd_booted(3)). */
export function isSystemdHost(): boolean {
  try {
    return existsSync('/run/systemd/system') && readFileSync('/proc/1/comm', 'utf8').trim() === 'systemd';
  } catch {
    return false;
  }
}

/** Where `up` and its services live in the scope: on cgroup v2 a group that is divided further holds no processes itself. */
const servicesGroup = 'services';

/** Controllers without which a delegated group cannot carry a container. */
const neededControllers = ['cpu', 'memory', 'pids'];

const unitOf = (instance: string): string => delegatedScope(instance).split('/').at(-1) ?? '';

/** Makes the scope around a `cat`, which says that it is there by repeating a line, and ends with its input. */
export const scopeCommand = (instance: string): [string, ...string[]] => [
  'systemd-run',
  '--scope',
  '--quiet',
  '--collect',
  '--slice=system.slice',
  `--unit=${unitOf(instance)}`,
  '--property=Delegate=yes',
  '--property=KillMode=process',
  '--',
  'cat',
];

/** The scope's group in every hierarchy that has it. */
const scopeGroups = (instance: string): string[] =>
  hierarchies()
    .map((point) => join(point, delegatedScope(instance)))
    .filter((path) => existsSync(path));

const isUnified = (group: string): boolean => existsSync(join(group, 'cgroup.controllers'));

/** Moves this process, with all its threads, into the scope. */
function moveIntoScope(instance: string): void {
  for (const group of scopeGroups(instance)) {
    const target = isUnified(group) ? join(group, servicesGroup) : group;
    mkdirSync(target, { recursive: true });
    writeFileSync(join(target, 'cgroup.procs'), String(process.pid));
  }
}

/** Has systemd make the scope, and moves this process there before the one that it was made around ends. */
async function makeScope(instance: string): Promise<void> {
  const [program, ...args] = scopeCommand(instance);
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' } });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  // Its input is closed early where it could not be started; the close below tells why.
  child.stdin.on('error', () => {});
  const closed = once(child, 'close').catch((failure: Error) => {
    said ||= failure.message;
  });
  child.stdin.write('\n');
  const isThere = await Promise.race([once(child.stdout, 'data').then(() => true), closed.then(() => false)]);
  try {
    if (!isThere)
      throw new Problem('unsupported', `systemd made no scope for this instance: ${said.trim().split('\n').at(-1) ?? ''}`, {
        remedy: 'try it by hand: systemd-run --scope --property=Delegate=yes true',
      });
    moveIntoScope(instance);
  } finally {
    child.stdin.end();
    await closed;
  }
}

/**
 * On a systemd host moves this process into the instance's own scope, which it keeps as long as the launcher or a
 * container lives, and which systemd leaves alone below ("Delegate=", systemd.resource-control(5)). Elsewhere does nothing.
 *
 * @returns the group below which the instance makes its own, relative to the mount point of the v2 tree; undefined where
 * there is no systemd, or its hierarchies are v1, which everybody divides from the root
 */
export async function enterScope(instance: string): Promise<string | undefined> {
  if (!isSystemdHost()) return undefined;
  if (scopeGroups(instance).length > 0) moveIntoScope(instance);
  else await makeScope(instance);
  const isCarrying = scopeGroups(instance).some((group) => {
    const offered = isUnified(group) ? readFileSync(join(group, 'cgroup.controllers'), 'utf8').trim().split(' ') : [];
    return neededControllers.every((name) => offered.includes(name));
  });
  return isCarrying ? delegatedScope(instance) : undefined;
}
