import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeProgram, root } from './instance.ts';

/** A copy of the checkout with all that is built, to be changed at will. */
export interface Checkout extends Disposable {
  readonly root: string;
  /** Entry of its command line. */
  readonly commandLine: string;
  /** Builds what is not current, as ./bulkhead would; throws what the build said. */
  build(...steps: string[]): void;
}

function run(program: string, args: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stdout}${stderr}`);
}

/** Packages are linked where the file system can: they are 50,000 files, and nobody writes into one. */
function copyPackages(target: string): void {
  const source = join(root, 'node_modules');
  if (spawnSync('cp', ['-al', source, target]).status === 0) return;
  rmSync(join(target, 'node_modules'), { recursive: true, force: true });
  run('cp', ['-a', source, target]);
}

/** Copies the checkout below a directory that nobody but its owner may enter. */
export function copyCheckout(): Checkout {
  const home = mkdtempSync(join(tmpdir(), 'bulkhead-checkout-'));
  chmodSync(home, 0o700);
  const copy = join(home, 'bulkhead');
  mkdirSync(copy);
  const left = new Set(['.git', 'node_modules', '.bootstrap', '.turbo', 'test', 'docs']);
  for (const name of readdirSync(root)) if (!left.has(name)) run('cp', ['-a', join(root, name), copy]);
  copyPackages(copy);
  mkdirSync(join(copy, '.bootstrap'));
  const stamps = join(root, '.bootstrap/build');
  if (existsSync(stamps)) run('cp', ['-a', stamps, join(copy, '.bootstrap')]);
  return {
    root: copy,
    commandLine: join(copy, 'apps/cli/dist/main.mjs'),
    build: (...steps) => run(nodeProgram, [join(copy, 'scripts/build.ts'), ...steps]),
    [Symbol.dispose]: () => rmSync(home, { recursive: true, force: true }),
  };
}
