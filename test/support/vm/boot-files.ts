import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { cacheDirectory, keepOnly } from './cache.ts';
import { moduleName, orderModules, parseModuleDepends, wantedModules } from './kernel-modules.ts';

/** What qemu starts: Debian's stock kernel and an initramfs of busybox with the modules it needs. */
export interface BootFiles {
  kernel: string;
  initramfs: string;
}

const busybox = '/bin/busybox';
const init = join(import.meta.dirname, 'init');

/** The package that the meta package stands for today, and the hash of its file as the mirror's index has it. */
function findKernelPackage(): { name: string; sha256: string } {
  const ask = (...args: string[]): string => spawnSync('apt-cache', args, { encoding: 'utf8' }).stdout ?? '';
  const name = /Depends: (linux-image-\S+)/.exec(ask('depends', 'linux-image-amd64'))?.[1];
  const sha256 = name === undefined ? undefined : /^SHA256: ([0-9a-f]{64})$/m.exec(ask('show', '--no-all-versions', name))?.[1];
  if (name === undefined || sha256 === undefined) throw new Error('apt knows no linux-image-amd64: run apt-get update');
  return { name, sha256 };
}

function updateOnce<T>(action: () => T): T {
  try {
    return action();
  } catch {
    execFileSync('apt-get', ['update', '--quiet'], { stdio: 'pipe' });
    return action();
  }
}

/** Unpacks the kernel's package without installing it: this machine is not to start another kernel because of a test. */
function unpackKernel(name: string, directory: string): void {
  execFileSync('apt-get', ['download', '--quiet', name], { cwd: directory, stdio: 'pipe' });
  const file = readdirSync(directory).find((each) => each.endsWith('.deb'));
  if (file === undefined) throw new Error(`apt-get downloaded no ${name}`);
  execFileSync('dpkg-deb', ['--extract', file, 'package'], { cwd: directory });
}

function findModules(directory: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const entry of readdirSync(directory, { recursive: true, encoding: 'utf8' }))
    if (/\.ko(?:\.xz)?$/.test(entry)) found.set(moduleName(basename(entry)), join(directory, entry));
  return found;
}

function readModule(path: string): Buffer {
  return path.endsWith('.xz') ? execFileSync(busybox, ['xzcat', path], { maxBuffer: 64 * 1024 * 1024 }) : readFileSync(path);
}

function writeInitramfs(modulesDirectory: string, staging: string, output: string): void {
  for (const directory of ['bin', 'modules', 'proc', 'sys', 'dev', 'run']) mkdirSync(join(staging, directory), { recursive: true });
  copyFileSync(busybox, join(staging, 'bin/busybox'));
  for (const applet of execFileSync(busybox, ['--list'], { encoding: 'utf8' }).split('\n').filter(Boolean))
    if (applet !== 'busybox') execFileSync('ln', ['-s', 'busybox', join(staging, 'bin', applet)]);
  copyFileSync(init, join(staging, 'init'));
  execFileSync('chmod', ['0755', join(staging, 'init')]);
  const paths = findModules(modulesDirectory);
  const builtin = new Set(
    readFileSync(join(modulesDirectory, 'modules.builtin'), 'utf8')
      .split('\n')
      .map((line) => moduleName(basename(line))),
  );
  const contents = new Map<string, Buffer>();
  const order = orderModules(wantedModules, (name) => {
    const path = paths.get(name);
    if (path === undefined) {
      if (!builtin.has(name)) throw new Error(`this kernel has no module ${name}`);
      return undefined;
    }
    const content = readModule(path);
    contents.set(name, content);
    return parseModuleDepends(content);
  });
  for (const name of order) writeFileSync(join(staging, 'modules', `${name}.ko`), contents.get(name) ?? '');
  writeFileSync(join(staging, 'modules/order'), order.map((name) => `${name}\n`).join(''));
  // No compression: decompressing under software emulation takes longer than reading.
  const archive = execFileSync('sh', ['-c', `cd "$0" && find . | ${busybox} cpio -o -H newc`, staging], {
    maxBuffer: 256 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  writeFileSync(output, archive);
}

/** The kernel and its initramfs, kept between runs under the hash of what they were made from. */
export function prepareBootFiles(): BootFiles {
  const { name, sha256 } = updateOnce(findKernelPackage);
  const hash = createHash('sha256').update(sha256).update(wantedModules.join()).update(readFileSync(busybox));
  for (const source of [init, import.meta.filename]) hash.update(readFileSync(source));
  const key = `boot-${hash.digest('hex').slice(0, 16)}`;
  const directory = join(cacheDirectory, key);
  if (!existsSync(directory)) {
    mkdirSync(cacheDirectory, { recursive: true });
    const work = mkdtempSync(join(cacheDirectory, 'making-'));
    try {
      updateOnce(() => unpackKernel(name, work));
      const release = readdirSync(join(work, 'package/lib/modules'))[0] ?? '';
      const made = join(work, 'made');
      mkdirSync(made);
      copyFileSync(join(work, 'package/boot', `vmlinuz-${release}`), join(made, 'vmlinuz'));
      writeInitramfs(join(work, 'package/lib/modules', release), join(work, 'initramfs'), join(made, 'initramfs'));
      renameSync(made, directory);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }
  keepOnly('boot-', key);
  return { kernel: join(directory, 'vmlinuz'), initramfs: join(directory, 'initramfs') };
}
