import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Problem } from '@bulkhead/model';
import type { Progress } from './progress.ts';
import { runCommand, tryCommand } from './run-command.ts';

function findProgramRoot(): string {
  let directory = import.meta.dirname;
  while (!existsSync(join(directory, 'pnpm-workspace.yaml'))) {
    if (directory === '/') throw new Problem('internal', `no checkout of bulkhead above ${import.meta.dirname}`);
    directory = dirname(directory);
  }
  return directory;
}

/** The checkout this program runs from. */
export const programRoot = findProgramRoot();

/** Mount points at or below a path, deepest last (proc_pid_mountinfo(5), field 5). */
export function mountsBelow(path: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => (line.split(' ')[4] ?? '').replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8))))
    .filter((point) => point === path || point.startsWith(`${path}/`));
}

/**
 * A clone made under a closed umask cannot be read by the services' users, and a mount does not change that.
 * Only the directories on the way and what is ours to run are opened; nothing in a checkout is secret.
 */
function openForOthers(progress: Progress): void {
  const isClosed = (path: string, bits: number) => ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0o777) & bits) !== bits;
  const entries = ['apps/web/package.json', 'packages/db/package.json', 'prisma', 'package.json'].map((path) => join(programRoot, path));
  if (![programRoot, join(programRoot, 'apps')].some((path) => isClosed(path, 0o005)) && !entries.some((path) => isClosed(path, 0o004)))
    return;
  progress.note(`opening ${programRoot} for reading, so that the services can run from it without root (it was made under a closed umask)`);
  chmodSync(programRoot, statSync(programRoot).mode | 0o055);
  const names = readdirSync(programRoot).filter((name) => name !== '.git' && name !== '.bootstrap');
  runCommand(['chmod', '--recursive', 'go+rX', '--', ...names.map((name) => join(programRoot, name))]);
}

/** Shows the program read-only at a public path, so that a checkout below a closed home directory can be run from. */
export function mountProgram(target: string, progress: Progress): void {
  openForOthers(progress);
  mkdirSync(target, { recursive: true, mode: 0o755 });
  const wanted = statSync(programRoot);
  if (mountsBelow(target).includes(target)) {
    const found = statSync(target);
    if (found.dev === wanted.dev && found.ino === wanted.ino) return;
    // Another checkout: processes that run from it, the launcher, keep it until they end.
    runCommand(['umount', '--lazy', target]);
  }
  runCommand(['mount', '--bind', '--options', 'ro,nosuid,nodev', programRoot, target]);
}

/** Takes away every mount below a path, however often mounted. */
export function unmountBelow(path: string): void {
  for (const point of mountsBelow(path).reverse()) {
    if (tryCommand(['umount', point]).status !== 0) runCommand(['umount', '--lazy', point]);
  }
}
