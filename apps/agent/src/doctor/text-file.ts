import { readFileSync } from 'node:fs';

/** Contents of a small kernel file without the line end; undefined where there is none. @throws EACCES and the like */
export function readKernelText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw failure;
  }
}
