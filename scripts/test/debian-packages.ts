import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Names in the list that are to be installed: without comments, and without what tests only unpack (`NAME (unpacked)`). */
export function parsePackageList(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '' && !line.endsWith('(unpacked)'));
}

function findMissing(names: readonly string[]): string[] {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own placeholders
  const { stdout } = spawnSync('dpkg-query', ['--show', '--showformat=${Package} ${db:Status-Status}\\n', ...names], { encoding: 'utf8' });
  const installed = new Set((stdout ?? '').split('\n').flatMap((line) => (line.endsWith(' installed') ? [line.split(' ')[0]] : [])));
  return names.filter((name) => !installed.has(name));
}

/** Installs what the list names and this machine lacks; tells what could not be had. Tests that need it are then skipped, and say so. */
export function installTestPackages(listFile: string): void {
  const missing = findMissing(parsePackageList(readFileSync(listFile, 'utf8')));
  if (missing.length === 0) return;
  if (process.geteuid?.() !== 0) {
    process.stdout.write(`not installed, and only root may: ${missing.join(' ')}\n`);
    return;
  }
  process.stdout.write(`installing from Debian: ${missing.join(' ')}\n`);
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const install = () =>
    spawnSync('apt-get', ['install', '--yes', '--no-install-recommends', ...findMissing(missing)], { env: environment, encoding: 'utf8' });
  let result = install();
  if (result.status !== 0) {
    spawnSync('apt-get', ['update'], { env: environment, encoding: 'utf8' });
    result = install();
  }
  const left = findMissing(missing);
  if (left.length > 0)
    process.stdout.write(`could not be installed: ${left.join(' ')}: ${result.stderr.trim().split('\n').at(-1) ?? ''}\n`);
}
