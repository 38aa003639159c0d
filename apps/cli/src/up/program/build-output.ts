import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** What builds write and services read. Absent ones are left out: an instance without a dashboard needs no pages. */
const places = [
  'apps/agent/dist',
  'apps/collector/dist',
  'apps/web/dist',
  'apps/web/.next',
  'apps/web/package.json',
  'packages/db/dist',
  'prisma/migrations',
  'package.json',
  // Names every package with a hash of its content, so that another set of packages is another version.
  'pnpm-lock.yaml',
];

/** What a build leaves beside for the next build and for editors. */
const unused = new Set(['apps/web/.next/cache', 'apps/web/.next/diagnostics', 'apps/web/.next/trace', 'apps/web/.next/types']);
const isUnused = (path: string): boolean => unused.has(path) || path.endsWith('.map') || path.endsWith('.nft.json');

/** Files of a checkout, or of a published version, that a build made; paths below `root`, in a fixed order. */
export function listBuildOutput(root: string): string[] {
  const found: string[] = [];
  const visit = (path: string): void => {
    if (isUnused(path)) return;
    const status = statSync(join(root, path), { throwIfNoEntry: false });
    if (status === undefined) return;
    if (status.isFile()) found.push(path);
    else for (const name of readdirSync(join(root, path)).sort()) visit(`${path}/${name}`);
  };
  for (const place of places) visit(place);
  return found;
}
