import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './instance.ts';

/** A launcher's program in a place of its own, that does what the built one does unless it is changed. */
export interface LauncherCopy extends Disposable {
  /** Where its bundle and the name of its build lie. */
  readonly directory: string;
  readonly program: string;
}

/** @param change makes another program of the built one */
export function copyLauncher(build: string, change: (text: string) => string = (text) => text): LauncherCopy {
  const place = mkdtempSync(join(tmpdir(), 'bulkhead-launcher-'));
  // At the depth of the built one: it names its packages by their place from there.
  const directory = join(place, 'apps/agent/dist');
  mkdirSync(directory, { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(place, 'node_modules'));
  const program = join(directory, 'launcher.mjs');
  const built = join(root, 'apps/agent/dist/launcher.mjs');
  copyFileSync(built, program);
  writeFileSync(program, change(readFileSync(built, 'utf8')));
  writeFileSync(join(directory, 'launcher.build'), `${build}\n`);
  return { directory, program, [Symbol.dispose]: () => rmSync(place, { recursive: true, force: true }) };
}
