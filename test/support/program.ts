import { join } from 'node:path';
import { bundle } from '../../scripts/build/bundle.ts';
import { isEmulated } from './emulation.ts';

const root = join(import.meta.dirname, '../..');

/**
 * Path of a program in this directory that tests start. Where reading its 200 source files takes longer each time than
 * bundling them once, it is bundled first.
 */
export async function supportProgram(name: string): Promise<string> {
  if (!isEmulated) return join(import.meta.dirname, `${name}.ts`);
  const outputDirectory = '.bootstrap/test';
  await bundle(root, { entry: `test/support/${name}.ts`, outputDirectory, name, packagesStayOutside: true });
  return join(root, outputDirectory, `${name}.mjs`);
}
