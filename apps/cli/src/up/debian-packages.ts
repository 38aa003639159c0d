import { existsSync } from 'node:fs';
import { Problem } from '@bulkhead/model';
import type { Progress } from './progress.ts';
import { tryCommand } from './run-command.ts';

const libraryDirectories = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/usr/lib', '/lib'];
const programDirectories = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'];

interface Needed {
  debianPackage: string;
  /** A file that the package brings, looked for in the usual directories. */
  file: string;
  directories: readonly string[];
  why: string;
}

const needed: readonly Needed[] = [
  { debianPackage: 'libseccomp2', file: 'libseccomp.so.2', directories: libraryDirectories, why: 'system call filters of containers' },
  { debianPackage: 'libnftables1', file: 'libnftables.so.1', directories: libraryDirectories, why: 'firewall rules of containers' },
  { debianPackage: 'passwd', file: 'useradd', directories: programDirectories, why: 'users of the services' },
  { debianPackage: 'util-linux', file: 'setpriv', directories: programDirectories, why: 'starting services without root' },
  { debianPackage: 'mount', file: 'mount', directories: programDirectories, why: 'the read-only view of the program' },
];

const isThere = ({ file, directories }: Needed): boolean => directories.some((directory) => existsSync(`${directory}/${file}`));

/** Installs from Debian what the runtime needs and this host lacks, and says so. */
export function ensureDebianPackages(progress: Progress): void {
  const missing = needed.filter((entry) => !isThere(entry));
  if (missing.length === 0) return;
  const names = missing.map(({ debianPackage }) => debianPackage);
  progress.note(`installing ${missing.map(({ debianPackage, why }) => `${debianPackage} (${why})`).join(', ')} from Debian`);
  const install = () =>
    tryCommand(['apt-get', 'install', '--yes', '--no-install-recommends', ...names], {
      environment: { DEBIAN_FRONTEND: 'noninteractive' },
    });
  let result = install();
  if (result.status !== 0) {
    tryCommand(['apt-get', 'update']);
    result = install();
  }
  const left = missing.filter((entry) => !isThere(entry));
  if (left.length === 0) return;
  const said = result.stderr.trim().split('\n').at(-1) ?? '';
  throw new Problem('unsupported', `apt-get could not install ${left.map(({ debianPackage }) => debianPackage).join(', ')}: ${said}`, {
    remedy: `install by hand, then run ./bulkhead up again: apt-get install ${left.map(({ debianPackage }) => debianPackage).join(' ')}`,
  });
}
