import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** What guests are made of, kept between runs; each entry bears the hash of what it was made from. */
export const cacheDirectory = join(import.meta.dirname, '../../../.bootstrap/vm');

/** Removes entries of a kind that were made from something else than today's. */
export function keepOnly(kind: string, key: string): void {
  if (!existsSync(cacheDirectory)) return;
  for (const name of readdirSync(cacheDirectory))
    if (name.startsWith(kind) && name !== key) rmSync(join(cacheDirectory, name), { recursive: true, force: true });
}
