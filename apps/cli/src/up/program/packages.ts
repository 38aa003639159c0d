import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

interface Manifest {
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  peerDependenciesMeta?: Record<string, { optional?: boolean }>;
}

const read = (directory: string): Manifest => JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Manifest;

/** Types and compilers, named as needed (by tRPC, by Next) and loaded by builds alone; Next's is 100 MB. */
const isForCompilers = (name: string): boolean => name.startsWith('@types/') || name === 'typescript' || name.startsWith('@next/swc-');

/** Where Node would find a package from a directory; undefined where it is not installed, as an optional one may be. */
function findPackage(from: string, name: string): string | undefined {
  for (let directory = from; directory !== '/'; directory = dirname(directory)) {
    try {
      return realpathSync(join(directory, 'node_modules', name));
    } catch {
      // further up
    }
  }
  return undefined;
}

/** What a package asks for when it runs: peers too, but those that it can do without. */
function neededBy(manifest: Manifest): string[] {
  const peers = Object.keys(manifest.peerDependencies ?? {}).filter((name) => manifest.peerDependenciesMeta?.[name]?.optional !== true);
  return [...Object.keys(manifest.dependencies ?? {}), ...Object.keys(manifest.optionalDependencies ?? {}), ...peers];
}

/**
 * These packages and all that they need, each as its directory below `root`.
 *
 * @param names directories of packages below `root`, or links to them
 */
export function closePackages(root: string, names: readonly string[]): string[] {
  const found = new Set<string>();
  const waiting = names.map((name) => realpathSync(join(root, name)));
  for (let directory = waiting.pop(); directory !== undefined; directory = waiting.pop()) {
    if (found.has(directory)) continue;
    found.add(directory);
    for (const name of neededBy(read(directory))) {
      const needed = isForCompilers(name) ? undefined : findPackage(directory, name);
      if (needed !== undefined) waiting.push(needed);
    }
  }
  return [...found].map((directory) => relative(root, directory)).sort();
}

/** Links below a `node_modules` to one of these packages, relative to `root`: by them Node finds a package by its name. */
export function linksToPackages(root: string, nodeModules: string, packages: ReadonlySet<string>): string[] {
  const links: string[] = [];
  const visit = (directory: string): void => {
    for (const entry of readdirSync(join(root, directory), { withFileTypes: true })) {
      const path = join(directory, entry.name);
      if (entry.isDirectory() && entry.name.startsWith('@')) visit(path);
      else if (entry.isSymbolicLink() && packages.has(relative(root, realpathSync(join(root, path))))) links.push(path);
    }
  };
  visit(nodeModules);
  return links;
}
