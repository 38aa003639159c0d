import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { hasSyscall, landlockVersion, type ProbedSyscall } from '@bulkhead/kernel';
import type { DoctorCheck, DoctorText, NamespaceType } from '@bulkhead/model';
import { doctorText } from '@bulkhead/model/doctor-text';
import { attention, bad, type Finding, good, look, unknown } from './finding.ts';
import { type KernelOption, kernelOption } from './kernel-config.ts';
import { readKernelText } from './text-file.ts';

/** Least release with all that containers here are made of: cgroup.kill came last. */
const leastRelease = [5, 14] as const;
/** The oldest one that the tests run on. */
const triedRelease = [6, 1] as const;

export function isAtLeast(text: string, [major, minor]: readonly [number, number]): boolean {
  const [ownMajor = 0, ownMinor = 0] = text.split(/[.-]/).map(Number);
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}

export function judgeRelease(text: string): Finding {
  const found = doctorText('kernel.release', { release: text });
  if (!isAtLeast(text, leastRelease))
    return bad(found, doctorText('kernel.release.too-old'), doctorText('kernel.release.needed', { least: leastRelease.join('.') }));
  if (!isAtLeast(text, triedRelease)) return attention(found, doctorText('kernel.release.untried', { tried: triedRelease.join('.') }));
  return good(found);
}

interface NamespaceRow {
  type: NamespaceType;
  /** Name below /proc/<pid>/ns, and in /proc/sys/user/max_*_namespaces. */
  proc: string;
  option: string;
}

const namespaces: readonly NamespaceRow[] = [
  { type: 'user', proc: 'user', option: 'USER_NS' },
  { type: 'mount', proc: 'mnt', option: 'NAMESPACES' },
  { type: 'pid', proc: 'pid', option: 'PID_NS' },
  { type: 'network', proc: 'net', option: 'NET_NS' },
  { type: 'uts', proc: 'uts', option: 'UTS_NS' },
  { type: 'ipc', proc: 'ipc', option: 'IPC_NS' },
  { type: 'cgroup', proc: 'cgroup', option: 'CGROUPS' },
  { type: 'time', proc: 'time', option: 'TIME_NS' },
];

/** A container takes one of each; a host of many containers wants many. */
const fewNamespaces = 1000;

export function judgeNamespace({ type, proc, option }: NamespaceRow, there: boolean, limit: number | undefined): Finding {
  const loss = doctorText(type === 'time' ? 'kernel.namespace.no-clock' : 'kernel.no-start');
  const raise = doctorText('kernel.namespace.raise', { type: proc });
  const judge = type === 'time' ? attention : bad;
  if (!there) return judge(doctorText('not-in-kernel'), loss, doctorText('kernel-built-with', { option }));
  if (limit === 0) return judge(doctorText('switched-off'), loss, raise);
  if (limit !== undefined && limit < fewNamespaces)
    return attention(doctorText('kernel.namespace.few', { limit }), doctorText('kernel.namespace.few-containers'), raise);
  return good(limit === undefined ? doctorText('there') : doctorText('kernel.namespace.at-most', { limit }));
}

function namespaceChecks(): DoctorCheck[] {
  return namespaces.map((row) =>
    look(`kernel.namespace.${row.type}`, () => {
      const limit = readKernelText(`/proc/sys/user/max_${row.proc}_namespaces`);
      return judgeNamespace(row, existsSync(`/proc/self/ns/${row.proc}`), limit === undefined ? undefined : Number(limit));
    }),
  );
}

interface Feature {
  name: 'clone3' | 'pidfd' | 'openat2' | 'mount-descriptors' | 'idmapped-mounts' | 'close-range' | 'listns';
  syscalls: readonly ProbedSyscall[];
  since: string;
  missing(found: DoctorText, since: string): Finding;
}

const needed =
  (cost: DoctorText) =>
  (found: DoctorText, since: string): Finding =>
    bad(found, cost, doctorText('kernel.since', { since }));

const features: readonly Feature[] = [
  { name: 'clone3', syscalls: ['clone3'], since: '5.3', missing: needed(doctorText('kernel.no-start')) },
  {
    name: 'pidfd',
    syscalls: ['pidfd_open', 'pidfd_send_signal'],
    since: '5.3',
    missing: needed(doctorText('kernel.pidfd.loss')),
  },
  {
    name: 'openat2',
    syscalls: ['openat2'],
    since: '5.6',
    missing: needed(doctorText('kernel.openat2.loss')),
  },
  {
    name: 'mount-descriptors',
    syscalls: ['fsopen', 'open_tree', 'move_mount'],
    since: '5.2',
    missing: needed(doctorText('kernel.mount-descriptors.loss')),
  },
  {
    name: 'idmapped-mounts',
    syscalls: ['mount_setattr'],
    since: '5.12',
    missing: needed(doctorText('kernel.idmapped-mounts.loss')),
  },
  { name: 'close-range', syscalls: ['close_range'], since: '5.9', missing: needed(doctorText('kernel.no-start')) },
  {
    name: 'listns',
    syscalls: ['listns'],
    since: '6.19',
    missing: (_, since) => ({ ...good(doctorText('kernel.listns.instead', { since })), cost: doctorText('kernel.listns.loss') }),
  },
];

export function judgeTypes(there: boolean): Finding {
  if (there) return good(doctorText('kernel.btf.told'));
  return attention(
    doctorText('kernel.btf.untold'),
    doctorText('kernel.btf.loss'),
    doctorText('kernel-built-with', { option: 'DEBUG_INFO_BTF' }),
  );
}

function featureChecks(): DoctorCheck[] {
  return features.map(({ name, syscalls, since, missing }) =>
    look(`kernel.${name}`, () => {
      const lacking = syscalls.filter((syscall) => !hasSyscall(syscall));
      if (lacking.length === 0) return good(doctorText('there'));
      const isWhole = lacking.length === syscalls.length;
      return missing(isWhole ? doctorText('not-there') : doctorText('kernel.syscalls-not-there', { syscalls: lacking.join(', ') }), since);
    }),
  );
}

/** Something that may be built in, a module, or neither; `runs` says that it is there now. */
export function judgeOption(option: KernelOption | undefined, runs: boolean, cost: DoctorText, configName: string): Finding {
  if (runs || option === 'y') return good(doctorText('kernel.option.built-in'));
  if (option === 'm') return good(doctorText('kernel.option.module'));
  if (option === undefined) return unknown(doctorText('kernel.option.unknown'), doctorText('kernel.option.look'));
  return attention(doctorText('not-in-kernel'), cost, doctorText('kernel-built-with-module', { option: configName }));
}

const hasModule = (name: string): boolean => existsSync(`/sys/module/${name}`);

function optionChecks(): DoctorCheck[] {
  const option = (name: 'overlay' | 'veth' | 'bridge' | 'nftables' | 'seccomp', configName: string, runs: () => boolean): DoctorCheck =>
    look(`kernel.${name}`, () => judgeOption(kernelOption(configName), runs(), doctorText(`kernel.${name}.loss`), configName));
  return [
    option('overlay', 'OVERLAY_FS', () => /\soverlay$/m.test(readFileSync('/proc/filesystems', 'utf8'))),
    option('veth', 'VETH', () => hasModule('veth')),
    option('bridge', 'BRIDGE', () => hasModule('bridge')),
    option('nftables', 'NF_TABLES', () => hasModule('nf_tables')),
    option('seccomp', 'SECCOMP_FILTER', () => existsSync('/proc/sys/kernel/seccomp/actions_avail')),
    look('kernel.landlock', () => {
      const version = landlockVersion();
      if (version !== undefined) return good(doctorText('kernel.landlock.version', { version }));
      return attention(doctorText('kernel.landlock.off'), doctorText('kernel.landlock.loss'), doctorText('kernel.landlock.switch-on'));
    }),
  ];
}

export function judgePressure(there: boolean, option: KernelOption | undefined): Finding {
  if (there) return good(doctorText('kernel.psi.measured'));
  const cost = doctorText('kernel.psi.loss');
  return option === 'y'
    ? attention(doctorText('switched-off'), cost, doctorText('kernel.psi.switch-on'))
    : attention(doctorText('not-in-kernel'), cost, doctorText('kernel-built-with', { option: 'PSI' }));
}

/** Off, the file is there and its reading fails (EOPNOTSUPP). */
function isPressureMeasured(): boolean {
  try {
    return readKernelText('/proc/pressure/cpu') !== undefined;
  } catch {
    return false;
  }
}

export const kernelChecks = (): DoctorCheck[] => [
  look('kernel.release', () => judgeRelease(release())),
  ...namespaceChecks(),
  ...featureChecks(),
  ...optionChecks(),
  look('kernel.btf', () => judgeTypes(existsSync('/sys/kernel/btf/vmlinux'))),
  look('kernel.psi', () => judgePressure(isPressureMeasured(), kernelOption('PSI'))),
];
