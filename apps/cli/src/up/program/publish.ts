import { createHash } from 'node:crypto';
import {
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { Problem } from '@bulkhead/model';
import { databasePackage } from '../embedded-database.ts';
import { nodePackage } from '../node-program.ts';
import { runCommand } from '../run-command.ts';
import { withBuildLock } from './build-lock.ts';
import { listBuildOutput } from './build-output.ts';
import { closePackages, linksToPackages } from './packages.ts';

/** Read by people and by compilers, never by a program that runs. */
const unusedInPackages = /\.(?:d\.[cm]?ts|map|md|markdown)$/;

const sixteenDigits = 16;

/**
 * Name of a version: a hash over every byte that the builds made and over the lock file, which stands for the packages.
 *
 * @param onFile is handed each file's bytes on the way
 */
function identify(root: string, onFile: (path: string, content: Buffer) => void = () => {}): string {
  const hash = createHash('sha256').update(`${process.arch}\0`);
  for (const path of listBuildOutput(root)) {
    const content = readFileSync(join(root, path));
    hash.update(`${path}\0${content.length}\0`).update(content);
    onFile(path, content);
  }
  return hash.digest('hex').slice(0, sixteenDigits);
}

/** True where the version is there and its bytes still give its name: after a power cut some may be missing. */
function isWhole(directory: string, id: string): boolean {
  return existsSync(directory) && identify(directory) === id;
}

interface Placement {
  root: string;
  target: string;
  /** A version with the same packages on the target's own file system: its files can be linked where the checkout's cannot. */
  earlier: string | undefined;
}

const isReadableByAll = (mode: number): boolean =>
  (mode & 0o444) === 0o444 && ((mode & 0o111) === 0 || (mode & 0o111) === 0o111) && (mode & 0o6000) === 0;

/** Links a file, which costs no space and lives on when the checkout's is replaced; copies what cannot be linked. @returns true where it was copied */
function placeFile(path: string, { root, target, earlier }: Placement): boolean {
  const { mode } = statSync(join(root, path));
  // A clone made under a closed umask stays closed; the copy is open.
  if (isReadableByAll(mode)) {
    for (const origin of earlier === undefined ? [root] : [root, earlier]) {
      try {
        linkSync(join(origin, path), join(target, path));
        return false;
      } catch (failure) {
        const { code } = failure as NodeJS.ErrnoException;
        if (code !== 'EXDEV' && code !== 'EPERM' && code !== 'EMLINK' && code !== 'ENOENT' && code !== 'EOPNOTSUPP') throw failure;
      }
    }
  }
  copyFileSync(join(root, path), join(target, path), constants.COPYFILE_FICLONE);
  chmodSync(join(target, path), (mode & 0o111) === 0 ? 0o644 : 0o755);
  return true;
}

const makeDirectory = (path: string): void => void mkdirSync(path, { recursive: true, mode: 0o755 });

function placeLink(path: string, { root, target }: Placement): void {
  makeDirectory(dirname(join(target, path)));
  symlinkSync(readlinkSync(join(root, path)), join(target, path));
}

/** A package's own files. @returns true where any was copied */
function placePackage(directory: string, placement: Placement, isWanted: (name: string) => boolean): boolean {
  makeDirectory(join(placement.target, directory));
  let copied = false;
  for (const entry of readdirSync(join(placement.root, directory), { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (!isWanted(entry.name) || entry.name === '.bin' || unusedInPackages.test(entry.name)) continue;
    if (entry.isDirectory()) copied = placePackage(path, placement, () => true) || copied;
    else if (entry.isSymbolicLink()) placeLink(path, placement);
    else if (entry.isFile()) copied = placeFile(path, placement) || copied;
  }
  return copied;
}

/** Of Node itself one file is run; npm and headers lie beside it. */
const partsOfNode = new Set(['bin', 'package.json', 'LICENSE']);
const appsWithPackages = ['apps/cli', 'apps/web', 'apps/agent', 'apps/collector', 'packages/db'];

/** Packages that services load, laid out as pnpm did. @returns true where a file was copied */
function placePackages(placement: Placement): boolean {
  const { root } = placement;
  const lists = listBuildOutput(root).filter((path) => path.endsWith('.packages.json'));
  const loaded = lists.flatMap((path) => JSON.parse(readFileSync(join(root, path), 'utf8')) as string[]);
  const database = existsSync(join(root, databasePackage)) ? [databasePackage] : [];
  const [node] = closePackages(root, [nodePackage]);
  const packages = closePackages(root, [...new Set([...loaded, ...database])]);
  let copied = false;
  const places = new Set<string>();
  for (const directory of [...packages, ...(node === undefined ? [] : [node])]) {
    copied = placePackage(directory, placement, directory === node ? (name) => partsOfNode.has(name) : () => true) || copied;
    places.add(directory.slice(0, directory.lastIndexOf('/node_modules/') + '/node_modules'.length));
  }
  const known = new Set([...packages, ...(node === undefined ? [] : [node])]);
  const ours = appsWithPackages.map((app) => `${app}/node_modules`).filter((directory) => existsSync(join(root, directory)));
  for (const directory of ['node_modules', ...ours, ...places])
    for (const link of linksToPackages(root, directory, known)) placeLink(link, placement);
  return copied;
}

/** Any version whose packages are those of the checkout. */
function findEarlier(store: string, root: string): string | undefined {
  const wanted = readFileSync(join(root, 'pnpm-lock.yaml'));
  return readdirSync(store)
    .filter((name) => !name.startsWith('.'))
    .map((name) => join(store, name))
    .find((directory) => {
      const lock = join(directory, 'pnpm-lock.yaml');
      return existsSync(lock) && readFileSync(lock).equals(wanted);
    });
}

/** Lays a version out beside the others. @returns its name, by what was copied */
function layOut(root: string, store: string, target: string): string {
  const placement: Placement = { root, target, earlier: findEarlier(store, root) };
  makeDirectory(target);
  const id = identify(root, (path, content) => {
    makeDirectory(dirname(join(target, path)));
    // Never a link: a build may write into the file that is there.
    writeFileSync(join(target, path), content, { mode: 0o644 });
  });
  // A link is in the file system's own journal; copied bytes may still be in memory when the name already is on the disk.
  if (placePackages(placement)) runCommand(['sync', '--file-system', target]);
  return id;
}

export interface PublishedProgram {
  id: string;
  directory: string;
  /** False where this very version was there before. */
  isNew: boolean;
}

const mostTries = 5;

/**
 * Makes what services run from: a directory that holds exactly what they need, is named by its content, and never
 * changes, whatever is built or installed in the checkout afterwards. Its own files are copies; packages are hard links
 * where the state directory is on the checkout's file system.
 */
export function publishProgram(root: string, store: string): PublishedProgram {
  return withBuildLock(root, () => {
    for (let tries = 0; tries < mostTries; tries += 1) {
      const id = identify(root);
      const directory = join(store, id);
      if (isWhole(directory, id)) return { id, directory, isNew: false };
      const fresh = join(store, `.new-${process.pid}`);
      rmSync(fresh, { recursive: true, force: true });
      // Other bytes than a moment ago: somebody builds past the lock. Once more, then.
      if (layOut(root, store, fresh) !== id) {
        rmSync(fresh, { recursive: true, force: true });
        continue;
      }
      rmSync(directory, { recursive: true, force: true });
      renameSync(fresh, directory);
      return { id, directory, isNew: true };
    }
    throw new Problem('conflict', `the program in ${root} is being built again and again`, { remedy: 'wait until that has ended' });
  });
}
