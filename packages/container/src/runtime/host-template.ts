import { existsSync, lstatSync, readlinkSync } from 'node:fs';
import { filesystemType, PROC_SUPER_MAGIC } from '@bulkhead/kernel';
import { Problem } from '@bulkhead/model';
import type { ContainerPlan, RootPlan } from '../launcher/protocol.ts';

/** Names at the top of a Debian or similar tree that lead into /usr, or are trees of their own where /usr is not merged. */
const topLevel = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32'];

/** Parts of /etc that programs of /usr need, taken from the host as they are; nothing in them is secret. */
const sharedEtc = ['/etc/alternatives', '/etc/ssl/certs'];

/** OCI runtime specification, "Default Devices", less those that /dev/pts brings. */
const devices: RootPlan['devices'] = [
  { name: 'null', major: 1, minor: 3 },
  { name: 'zero', major: 1, minor: 5 },
  { name: 'full', major: 1, minor: 7 },
  { name: 'random', major: 1, minor: 8 },
  { name: 'urandom', major: 1, minor: 9 },
  { name: 'tty', major: 5, minor: 0 },
];

/** What of /proc and /sys tells about, or acts on, the whole host. */
const maskedPaths = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
];
const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

const passwd =
  'root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n';
const group = 'root:x:0:\ndaemon:x:1:\ntty:x:5:\nnogroup:x:65534:\n';
const nsswitch = 'passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nnetworks: files\nprotocols: files\nservices: files\n';

const directory = (path: string, mode = 0o755) => ({ path, mode });
const file = (path: string, content: string, mode = 0o644) => ({ path, mode, content });

/** The part of the `host` template that is the same for every container of this host: read once. */
export interface HostTemplate {
  directories: RootPlan['directories'];
  symlinks: RootPlan['symlinks'];
  binds: RootPlan['binds'];
  masked: string[];
  readonly: string[];
}

/**
 * Looks at the host's own tree.
 *
 * @throws Problem 'unsupported' where /proc is no proc file system or /usr is missing
 */
export function readHostTemplate(): HostTemplate {
  if (filesystemType('/proc') !== PROC_SUPER_MAGIC) throw new Problem('unsupported', '/proc is not a proc file system');
  if (!existsSync('/usr')) throw new Problem('unsupported', 'the host has no /usr for the template `host`');
  const directories = [
    '/dev',
    '/dev/pts',
    '/etc',
    '/etc/ssl',
    '/home',
    '/media',
    '/mnt',
    '/opt',
    '/proc',
    '/run',
    '/srv',
    '/sys',
    '/usr',
    '/var',
    '/var/lib',
    '/var/log',
    '/var/cache',
  ].map((path) => directory(path));
  directories.push(
    directory('/root', 0o700),
    directory('/dev/shm', 0o1777),
    directory('/tmp', 0o1777),
    directory('/var/tmp', 0o1777),
    directory('/run/lock', 0o1777),
  );
  const symlinks: RootPlan['symlinks'] = [
    { path: '/dev/fd', target: '/proc/self/fd' },
    { path: '/dev/stdin', target: '/proc/self/fd/0' },
    { path: '/dev/stdout', target: '/proc/self/fd/1' },
    { path: '/dev/stderr', target: '/proc/self/fd/2' },
    { path: '/dev/ptmx', target: 'pts/ptmx' },
    { path: '/etc/mtab', target: '/proc/self/mounts' },
    { path: '/var/run', target: '/run' },
  ];
  const binds: RootPlan['binds'] = [{ source: '/usr', target: '/usr' }];
  for (const name of topLevel) {
    const path = `/${name}`;
    if (!existsSync(path)) continue;
    if (lstatSync(path).isSymbolicLink()) {
      symlinks.push({ path, target: readlinkSync(path) });
    } else {
      directories.push(directory(path));
      binds.push({ source: path, target: path });
    }
  }
  for (const path of sharedEtc) {
    if (!existsSync(path)) continue;
    directories.push(directory(path));
    binds.push({ source: path, target: path });
  }
  return {
    directories,
    symlinks,
    binds,
    masked: maskedPaths.filter((path) => existsSync(path)),
    readonly: readonlyPaths.filter((path) => existsSync(path)),
  };
}

/** A container's root by the `host` template: the host's own /usr, read-only, under a fresh root. */
export function planHostRoot(template: HostTemplate): RootPlan {
  return {
    // The memory is the container's own, charged to its cgroup; the bound holds where that has no limit.
    sizeBytes: 256 * 1024 * 1024,
    inodes: 65_536,
    directories: template.directories,
    symlinks: template.symlinks,
    binds: template.binds,
    devices,
    maskedPaths: template.masked,
    readonlyPaths: template.readonly,
  };
}

/** Files of /etc that bear the container's own name, or that the host's are no use for. */
export function planHostFiles(hostname: string): ContainerPlan['files'] {
  return [
    file('/etc/passwd', passwd),
    file('/etc/group', group),
    file('/etc/nsswitch.conf', nsswitch),
    file('/etc/hostname', `${hostname}\n`),
    file('/etc/hosts', `127.0.0.1\tlocalhost\n::1\tlocalhost\n127.0.1.1\t${hostname}\n`),
    file('/etc/resolv.conf', ''),
  ];
}
