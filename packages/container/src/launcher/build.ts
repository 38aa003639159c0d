import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Name of the launcher's program below the directory of the bundles. */
export const launcherBundle = 'launcher.mjs';

/**
 * What a launcher is made of, as one line: a hash of its program, which the build left beside it (a hash made at run time
 * would cost it 3 MB of OpenSSL), and the Node that runs it, with its options.
 *
 * @returns undefined where no build has left one
 */
export function readLauncherBuild(directory: string, nodeOptions: readonly string[]): string | undefined {
  try {
    return [readFileSync(join(directory, 'launcher.build'), 'utf8').trim(), process.version, ...nodeOptions].join(' ');
  } catch {
    return undefined;
  }
}
