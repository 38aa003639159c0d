import { type CgroupSetting, type FileOfSetting, isNoLimit, parseBytesText, parseClass, settingsOfFile } from '@bulkhead/model';

export type Version = 1 | 2;

/** Files that do something when written, and set nothing that could stay. */
const actions: Readonly<Record<string, string>> = {
  tasks: 'it moves a process, which is not the same one after a restart: use ./bulkhead cgroup classify',
  'cgroup.procs': 'it moves a process, which is not the same one after a restart: use ./bulkhead cgroup classify',
  'cgroup.threads': 'it moves a thread, which is not the same one after a restart: use ./bulkhead cgroup classify',
  'cgroup.kill': 'it ends every process of the group: use ./bulkhead cgroup kill',
  'cgroup.subtree_control': 'which controllers are enabled follows from the groups of this file',
  'cgroup.event_control': 'it registers a descriptor of the process that writes it',
  'memory.reclaim': 'it takes memory once and sets nothing',
  'memory.force_empty': 'it takes memory once and sets nothing',
  release_agent: 'it names a program that the kernel runs as root, for the whole hierarchy',
};

/** Why a file cannot stand in a configuration here; undefined where it can. */
export const actionOf = (file: string): string | undefined => (Object.hasOwn(actions, file) ? actions[file] : undefined);

/** Files of v1 that we know and have no setting for, with what v2 does in their place (cgroup-v2.rst, "Deprecated v1 Core Features", and its sections on each controller). */
const legacyOnly: Readonly<Record<string, string>> = {
  'memory.use_hierarchy': 'v2 always counts what is below as well',
  'memory.move_charge_at_immigrate': 'v2 leaves memory where it was charged when a process moves',
  'memory.kmem.limit_in_bytes': "the kernel's memory is part of memory.max",
  'memory.kmem.max_usage_in_bytes': 'v2 keeps memory.peak alone',
  'memory.max_usage_in_bytes': 'memory.peak is reset by each reader for itself',
  'memory.failcnt': 'memory.events counts, and is never reset',
  'memory.memsw.failcnt': 'memory.swap.events counts, and is never reset',
  'memory.memsw.max_usage_in_bytes': 'memory.swap.peak is reset by each reader for itself',
  'memory.pressure_level': 'memory.pressure takes triggers (PSI)',
  'cgroup.clone_children': 'a cpuset of v2 begins with what the group above has',
  'cpuset.cpu_exclusive': 'cpuset.cpus.partition makes a group the only one on its CPUs',
  'cpuset.mem_exclusive': 'v2 has none',
  'cpuset.mem_hardwall': 'v2 has none',
  'cpuset.memory_migrate': 'v2 always moves memory that is in use',
  'cpuset.memory_pressure_enabled': 'memory.pressure is always there (PSI)',
  'cpuset.memory_spread_page': 'v2 has none',
  'cpuset.memory_spread_slab': 'v2 has none',
  'cpuset.sched_load_balance': 'cpuset.cpus.partition = isolated',
  'cpuset.sched_relax_domain_level': 'v2 has none',
  'cpuacct.usage': 'cpu.stat counts, and is never reset',
  'blkio.reset_stats': 'io.stat counts, and is never reset',
  'blkio.leaf_weight': 'v2 has no processes beside groups',
};

export const legacyReason = (file: string): string | undefined => (Object.hasOwn(legacyOnly, file) ? legacyOnly[file] : undefined);

/** Controllers that v1 mounts and v2 calls otherwise, or has without one. */
const unifiedNames: Readonly<Record<string, string | undefined>> = {
  cpuacct: 'cpu',
  blkio: 'io',
  devices: undefined,
  freezer: undefined,
  perf_event: undefined,
  net_cls: undefined,
  net_prio: undefined,
};
const legacyNames: Readonly<Record<string, string>> = { io: 'blkio' };

/** Controllers that v2 must enable for a group of a v1 controller: none where the core has what it gives, or v2 lacks it. */
export function controllerIn(version: Version, name: string): string | undefined {
  if (name.startsWith('name=')) return version === 1 ? name : undefined;
  if (version === 1) return name === 'cgroup' ? undefined : (legacyNames[name] ?? name);
  if (name === 'cgroup') return undefined;
  return Object.hasOwn(unifiedNames, name) ? unifiedNames[name] : name;
}

/** Controller of v1 in whose hierarchy the files of a setting are. */
export const legacyControllerOf = ({ controller, legacyController }: CgroupSetting): string => legacyController ?? controller;

/** What each version tells with a file: of several settings the one that it is the first file of. */
export function meaningOf(file: string): Partial<Record<Version, FileOfSetting>> {
  // What is allowed is told by devices.list alone and set by the other two.
  const found = settingsOfFile(file);
  const first = (version: Version): FileOfSetting | undefined => found.find((each) => each.version === version);
  const [legacy, unified] = [first(1), first(2)];
  return { ...(legacy === undefined ? {} : { 1: legacy }), ...(unified === undefined ? {} : { 2: unified }) };
}

/** The controller that has a file on a version: that of its setting, or the one whose section names it. */
export function controllerOfFile(version: Version, file: string, named: readonly { file: string; controller: string }[]): string {
  const setting = meaningOf(file)[version]?.setting;
  if (setting !== undefined) return version === 1 ? legacyControllerOf(setting) : setting.controller;
  const controller = named.find((each) => each.file === file)?.controller ?? 'cgroup';
  return controllerIn(version, controller) ?? 'cgroup';
}

const pageBytes = 4096n;

/**
 * A value as the kernel tells it back once it was written: sizes in bytes and whole pages, -1 as the greatest number, a
 * class as a number. What it is compared with then is what the file holds.
 */
export function asHeld(file: string, value: string, setting: CgroupSetting | undefined): string {
  const text = value.trim();
  if (setting?.kind === 'bytes-or-max') {
    const isLegacy = /_in_bytes$/.test(file);
    if (text === '-1' && isLegacy) return file.startsWith('hugetlb') ? text : String(2n ** 63n - pageBytes);
    const bytes = parseBytesText(text);
    if (bytes === undefined) return text;
    if (isNoLimit(bytes)) return isLegacy ? String(2n ** 63n - pageBytes) : 'max';
    return String(bytes - (bytes % pageBytes));
  }
  if (setting?.kind === 'class') {
    const id = parseClass(text);
    const [major = '0', minor = '0'] = id?.split(':') ?? [];
    return id === undefined ? text : String(Number.parseInt(major, 16) * 0x1_0000 + Number.parseInt(minor, 16));
  }
  if (file === 'memory.oom_control' && /^[01]$/.test(text)) return `oom_kill_disable ${text}\nunder_oom 0\noom_kill 0`;
  return text;
}
