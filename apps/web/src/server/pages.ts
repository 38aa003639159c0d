import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Problem } from '@bulkhead/model';
import next from 'next';
import { z } from 'zod';
import { takeBuiltConfiguration } from '../env.ts';
import type { NodeHandler } from './http.ts';

/** The part of Next's record of a build that is used here. */
const BuiltFiles = z.object({ config: z.record(z.string(), z.unknown()) });

/** Where `next build` left the pages: beside the source, or in apps/web below the directory of a bundle. */
function findPages(): string {
  const here = import.meta.dirname;
  const candidates = ['../..', '..', '.', '../apps/web', '../../apps/web'].map((path) => resolve(here, path));
  const found = candidates.find((path) => existsSync(resolve(path, '.next/BUILD_ID')));
  if (found === undefined) throw new Problem('unsupported', 'the pages are not built', { remedy: 'run next build in apps/web' });
  return found;
}

/** Next's own request handler over the pages that were built beforehand. Writes nothing beside the program. */
export async function preparePages(listen: { address: string; port: number }): Promise<{ handle: NodeHandler }> {
  const dir = findPages();
  const built = BuiltFiles.parse(JSON.parse(readFileSync(resolve(dir, '.next/required-server-files.json'), 'utf8')));
  takeBuiltConfiguration(built.config);
  const pages = next({ dev: false, dir, hostname: listen.address, port: listen.port, quiet: true });
  await pages.prepare();
  const handle = pages.getRequestHandler();
  return { handle: (request, response) => handle(request, response) };
}
