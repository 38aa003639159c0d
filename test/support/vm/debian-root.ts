import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory, keepOnly } from './cache.ts';

/** Beside what every Debian has: systemd, what `up` needs, what Node 26 is linked against, and the witnesses of the test. */
const packages = ['systemd', 'systemd-sysv', 'dbus', 'libseccomp2', 'libnftables1', 'libatomic1', 'libstdc++6', 'iproute2', 'procps'];

/** systemd runs the guest's script once it is up, and ends the machine with it. */
const unit = `[Unit]
Description=What the test wants of this guest
After=basic.target dbus.service
SuccessAction=reboot-immediate
FailureAction=reboot-immediate

[Service]
Type=oneshot
ExecStart=/bin/sh /run/vm/main
StandardOutput=tty
StandardError=inherit
TTYPath=/dev/ttyS0
`;

const imageBytes = 2 * 1024 ** 3;

/** The first mirror of Debian's own archive that apt uses on this machine, and the release it has from there. */
function findArchive(): { uri: string; release: string } {
  const format = '$(REPO_URI) $(CODENAME)';
  const lines = execFileSync('apt-get', ['indextargets', '--format', format, 'Created-By: Packages', 'Origin: Debian', 'Label: Debian'], {
    encoding: 'utf8',
  });
  for (const line of lines.split('\n')) {
    const [uri, release] = line.split(' ');
    if (uri && release && !release.includes('-')) return { uri, release };
  }
  throw new Error('apt knows no archive of Debian: run apt-get update');
}

/** What apt was told of a proxy: debootstrap fetches by wget, which reads it from the environment. */
function proxyEnvironment(): Record<string, string> {
  const found = /^proxy='(.+)'$/m.exec(execFileSync('apt-config', ['shell', 'proxy', 'Acquire::http::Proxy'], { encoding: 'utf8' }))?.[1];
  return found === undefined ? {} : { http_proxy: found };
}

function makeTree(target: string): void {
  const { uri, release } = findArchive();
  execFileSync('debootstrap', ['--variant=minbase', `--include=${packages.join(',')}`, release, target, uri], {
    env: { ...process.env, ...proxyEnvironment(), PATH: '/usr/sbin:/usr/bin:/sbin:/bin', DEBIAN_FRONTEND: 'noninteractive' },
    stdio: 'pipe',
  });
  rmSync(join(target, 'var/cache/apt/archives'), { recursive: true, force: true });
  rmSync(join(target, 'var/lib/apt/lists'), { recursive: true, force: true });
  writeFileSync(join(target, 'etc/hostname'), 'bulkhead-vm\n');
  // Where there is one, the machine is not started for the first time and systemd presets nothing.
  writeFileSync(join(target, 'etc/machine-id'), '6275 6c6b 6865 6164 6275 6c6b 6865 6164\n'.replaceAll(' ', ''));
  const units = join(target, 'etc/systemd/system');
  writeFileSync(join(units, 'bulkhead-test.service'), unit);
  mkdirSync(join(units, 'multi-user.target.wants'), { recursive: true });
  symlinkSync('../bulkhead-test.service', join(units, 'multi-user.target.wants/bulkhead-test.service'));
  // Nobody logs in, and what runs once a day need not begin here.
  for (const unwanted of ['getty.target', 'systemd-logind.service', 'timers.target']) symlinkSync('/dev/null', join(units, unwanted));
}

/**
 * An ext4 image of a small Debian with systemd, kept between runs under the hash of what it was made from: this file, the
 * release, and the version of systemd that apt would install.
 */
export function prepareDebianRoot(): string {
  const policy = execFileSync('apt-cache', ['policy', 'systemd'], { encoding: 'utf8' });
  const candidate = /Candidate: (\S+)/.exec(policy)?.[1] ?? '';
  const hash = createHash('sha256')
    .update(findArchive().release)
    .update(candidate)
    .update(readFileSync(import.meta.filename));
  const key = `debian-${hash.digest('hex').slice(0, 16)}`;
  const image = join(cacheDirectory, key);
  if (!existsSync(image)) {
    mkdirSync(cacheDirectory, { recursive: true });
    const work = mkdtempSync(join(cacheDirectory, 'making-'));
    try {
      const tree = join(work, 'tree');
      makeTree(tree);
      const made = join(work, 'image');
      const descriptor = openSync(made, 'w');
      ftruncateSync(descriptor, imageBytes);
      closeSync(descriptor);
      execFileSync('/sbin/mke2fs', ['-q', '-t', 'ext4', '-d', tree, made], { stdio: 'pipe' });
      renameSync(made, image);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }
  keepOnly('debian-', key);
  return image;
}
