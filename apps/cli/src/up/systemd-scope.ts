import { existsSync, readFileSync } from 'node:fs';
import { Problem } from '@bulkhead/model';

/** True on a host that systemd runs (sd_booted(3)). */
export function isSystemdHost(): boolean {
  try {
    return existsSync('/run/systemd/system') && readFileSync('/proc/1/comm', 'utf8').trim() === 'systemd';
  } catch {
    return false;
  }
}

/** True where a line of /proc/self/cgroup names a scope of ours. */
export const isInOwnScope = (cgroups: string): boolean => /\/bulkhead-up-\d+\.scope(?:\/|$)/m.test(cgroups);

/** The command line that runs the same again in a delegated scope: systemd then leaves the groups below it alone. */
export const scopeCommand = (pid: number, again: readonly string[]): string[] => [
  'systemd-run',
  '--scope',
  '--quiet',
  '--collect',
  `--unit=bulkhead-up-${pid}.scope`,
  '--property=Delegate=yes',
  '--property=KillMode=process',
  '--',
  ...again,
];

/** On a systemd host replaces this process by itself in a delegated scope; elsewhere does nothing. */
export function enterScope(): void {
  if (!isSystemdHost() || isInOwnScope(readFileSync('/proc/self/cgroup', 'utf8'))) return;
  const program = ['/usr/bin/systemd-run', '/bin/systemd-run'].find((path) => existsSync(path));
  if (program === undefined || process.execve === undefined)
    throw new Problem('unsupported', 'this host runs systemd but has no systemd-run', { remedy: 'apt-get install systemd' });
  process.execve(program, scopeCommand(process.pid, [process.execPath, ...process.execArgv, ...process.argv.slice(1)]));
}
