import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { hasSyscall, landlockVersion, type ProbedSyscall } from '@bulkhead/kernel';
import type { DoctorCheck, NamespaceType } from '@bulkhead/model';
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
  if (!isAtLeast(text, leastRelease))
    return bad(`Linux ${text}`, 'containers cannot be made and ended reliably', `a kernel of ${leastRelease.join('.')} or newer is needed`);
  if (!isAtLeast(text, triedRelease))
    return attention(`Linux ${text}`, `nobody has tried Bulkhead on a kernel older than ${triedRelease.join('.')}`);
  return good(`Linux ${text}`);
}

interface NamespaceRow {
  type: NamespaceType;
  title: string;
  /** Name below /proc/<pid>/ns, and in /proc/sys/user/max_*_namespaces. */
  proc: string;
  option: string;
}

const namespaces: readonly NamespaceRow[] = [
  { type: 'user', title: 'User', proc: 'user', option: 'USER_NS' },
  { type: 'mount', title: 'Mount', proc: 'mnt', option: 'NAMESPACES' },
  { type: 'pid', title: 'PID', proc: 'pid', option: 'PID_NS' },
  { type: 'network', title: 'Network', proc: 'net', option: 'NET_NS' },
  { type: 'uts', title: 'UTS', proc: 'uts', option: 'UTS_NS' },
  { type: 'ipc', title: 'IPC', proc: 'ipc', option: 'IPC_NS' },
  { type: 'cgroup', title: 'Cgroup', proc: 'cgroup', option: 'CGROUPS' },
  { type: 'time', title: 'Time', proc: 'time', option: 'TIME_NS' },
];

/** A container takes one of each; a host of many containers wants many. */
const fewNamespaces = 1000;

export function judgeNamespace({ type, proc, option }: Omit<NamespaceRow, 'title'>, there: boolean, limit: number | undefined): Finding {
  const loss = type === 'time' ? 'containers cannot have a clock of their own' : 'no container can be started';
  const judge = type === 'time' ? attention : bad;
  if (!there) return judge('not in this kernel', loss, `a kernel built with CONFIG_${option}=y`);
  if (limit === 0) return judge('switched off', loss, `sysctl -w user.max_${proc}_namespaces=15000`);
  if (limit !== undefined && limit < fewNamespaces)
    return attention(`at most ${limit} of them`, 'as many containers at most', `sysctl -w user.max_${proc}_namespaces=15000`);
  return good(limit === undefined ? 'there' : `there, at most ${limit} of them`);
}

function namespaceChecks(): DoctorCheck[] {
  return namespaces.map((row) =>
    look('kernel', `namespace.${row.type}`, `${row.title} namespaces`, () => {
      const limit = readKernelText(`/proc/sys/user/max_${row.proc}_namespaces`);
      return judgeNamespace(row, existsSync(`/proc/self/ns/${row.proc}`), limit === undefined ? undefined : Number(limit));
    }),
  );
}

interface Feature {
  name: string;
  title: string;
  syscalls: readonly ProbedSyscall[];
  since: string;
  missing(found: string, since: string): Finding;
}

const needed =
  (cost: string) =>
  (found: string, since: string): Finding =>
    bad(found, cost, `Linux ${since} has it; a seccomp filter around this host's root may hide it`);

const features: readonly Feature[] = [
  { name: 'clone3', title: 'clone3(2)', syscalls: ['clone3'], since: '5.3', missing: needed('no container can be started') },
  {
    name: 'pidfd',
    title: 'Process descriptors',
    syscalls: ['pidfd_open', 'pidfd_send_signal'],
    since: '5.3',
    missing: needed('processes cannot be told from others that got their number'),
  },
  {
    name: 'openat2',
    title: 'openat2(2)',
    syscalls: ['openat2'],
    since: '5.6',
    missing: needed('paths that a container can change could lead out of it'),
  },
  {
    name: 'mount-descriptors',
    title: 'Mounts by descriptor',
    syscalls: ['fsopen', 'open_tree', 'move_mount'],
    since: '5.2',
    missing: needed('no root can be laid out for a container'),
  },
  {
    name: 'idmapped-mounts',
    title: 'Id-mapped mounts',
    syscalls: ['mount_setattr'],
    since: '5.12',
    missing: needed('mounts cannot be made read-only as a whole'),
  },
  { name: 'close-range', title: 'close_range(2)', syscalls: ['close_range'], since: '5.9', missing: needed('no container can be started') },
  {
    name: 'listns',
    title: 'listns(2)',
    syscalls: ['listns'],
    since: '6.19',
    missing: (found, since) => ({
      ...good(`${found} (Linux ${since} has it): /proc is read instead`),
      cost: 'a namespace that nothing but an unreadable descriptor holds is not seen',
    }),
  },
];

function featureChecks(): DoctorCheck[] {
  return features.map(({ name, title, syscalls, since, missing }) =>
    look('kernel', name, title, () => {
      const lacking = syscalls.filter((syscall) => !hasSyscall(syscall));
      if (lacking.length === 0) return good('there');
      return missing(lacking.length === syscalls.length ? 'not there' : `${lacking.join(', ')} not there`, since);
    }),
  );
}

/** Something that may be built in, a module, or neither; `runs` says that it is there now. */
export function judgeOption(option: KernelOption | undefined, runs: boolean, cost: string, configName: string): Finding {
  if (runs || option === 'y') return good('built in');
  if (option === 'm') return good('a module, loaded when it is needed');
  if (option === undefined) return unknown('the kernel does not say how it was built', 'look for it in the documentation of the kernel');
  return attention('not in this kernel', cost, `a kernel built with CONFIG_${configName}=y or m`);
}

const hasModule = (name: string): boolean => existsSync(`/sys/module/${name}`);

function optionChecks(): DoctorCheck[] {
  const option = (name: string, title: string, configName: string, runs: () => boolean, cost: string): DoctorCheck =>
    look('kernel', name, title, () => judgeOption(kernelOption(configName), runs(), cost, configName));
  return [
    option(
      'overlay',
      'Overlay file system',
      'OVERLAY_FS',
      () => /\soverlay$/m.test(readFileSync('/proc/filesystems', 'utf8')),
      'images of layers cannot be used',
    ),
    option('veth', 'Virtual Ethernet pairs', 'VETH', () => hasModule('veth'), 'containers cannot be wired to a network'),
    option('bridge', 'Bridges', 'BRIDGE', () => hasModule('bridge'), 'containers cannot share a network'),
    option('nftables', 'nftables', 'NF_TABLES', () => hasModule('nf_tables'), 'ports cannot be published, networks not be kept apart'),
    option(
      'seccomp',
      'seccomp filters',
      'SECCOMP_FILTER',
      () => existsSync('/proc/sys/kernel/seccomp/actions_avail'),
      'system calls of containers cannot be filtered',
    ),
    look('kernel', 'landlock', 'Landlock', () => {
      const version = landlockVersion();
      if (version !== undefined) return good(`interface ${version}`);
      return attention(
        'not in this kernel, or not switched on',
        'programs of Bulkhead cannot confine themselves further',
        'lsm=landlock,… on the command line of the kernel',
      );
    }),
  ];
}

export function judgePressure(there: boolean, option: KernelOption | undefined): Finding {
  if (there) return good('measured');
  const cost = 'waiting for CPU, memory and disk is not shown';
  return option === 'y'
    ? attention('switched off', cost, 'psi=1 on the command line of the kernel')
    : attention('not in this kernel', cost, 'a kernel built with CONFIG_PSI=y');
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
  look('kernel', 'release', 'Release', () => judgeRelease(release())),
  ...namespaceChecks(),
  ...featureChecks(),
  ...optionChecks(),
  look('kernel', 'psi', 'Pressure stall information', () => judgePressure(isPressureMeasured(), kernelOption('PSI'))),
];
