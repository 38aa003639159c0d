/** One mounted hierarchy of control groups. */
export interface CgroupMount {
  mountPoint: string;
  /** Controllers in the mount's options (v1); none on v2, where each group lists its own. */
  controllers: string[];
  version: 1 | 2;
}

/** Spaces and such stand as octal escapes in mountinfo (proc_pid_mountinfo(5)). */
const unescapeOctal = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_match, digits: string) => String.fromCharCode(parseInt(digits, 8)));

/** Options of a v1 mount that name no controller (cgroup1_show_options). */
const flags = new Set(['rw', 'ro', 'noprefix', 'xattr', 'cpuset_v2_mode', 'favordynmods', 'clone_children', 'all', 'none']);

/**
 * Mounts of control groups out of /proc/<pid>/mountinfo, in its order: v1 with the controllers they carry (`cpu,cpuacct`
 * may share one), v2 without. Named hierarchies without a controller (`name=systemd`) are left out. A hierarchy mounted
 * twice counts once: where its own root is mounted, before a subtree of it.
 */
export function parseCgroupMounts(mountinfo: string): CgroupMount[] {
  const found = new Map<string, CgroupMount & { isWhole: boolean }>();
  for (const line of mountinfo.split('\n')) {
    const separator = line.indexOf(' - ');
    if (separator < 0) continue;
    const [, , , root, mountPoint] = line.slice(0, separator).split(' ');
    const [type, , superOptions] = line.slice(separator + 3).split(' ');
    if ((type !== 'cgroup' && type !== 'cgroup2') || root === undefined || mountPoint === undefined) continue;
    const controllers =
      type === 'cgroup2'
        ? []
        : (superOptions ?? '').split(',').filter((option) => option !== '' && !flags.has(option) && !option.includes('='));
    if (type === 'cgroup' && controllers.length === 0) continue;
    const key = `${type}:${controllers.join(',')}`;
    const isWhole = root === '/';
    const before = found.get(key);
    if (before !== undefined && (before.isWhole || !isWhole)) continue;
    found.set(key, { mountPoint: unescapeOctal(mountPoint), controllers, version: type === 'cgroup2' ? 2 : 1, isWhole });
  }
  return [...found.values()].map(({ mountPoint, controllers, version }) => ({ mountPoint, controllers, version }));
}

/** A hierarchy of version 1 without a controller, which its owner told apart by a name. */
export interface NamedMount {
  /** `name=systemd` */
  name: string;
  mountPoint: string;
}

/** Named hierarchies without a controller out of /proc/<pid>/mountinfo, those alone whose root is mounted. */
export function parseNamedMounts(mountinfo: string): NamedMount[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [before = '', after] = line.split(' - ');
    const [, , , root, mountPoint] = before.split(' ');
    const [type, , superOptions = ''] = (after ?? '').split(' ');
    const name = superOptions.split(',').find((option) => option.startsWith('name='));
    return type === 'cgroup' && root === '/' && mountPoint !== undefined && name !== undefined
      ? [{ name, mountPoint: unescapeOctal(mountPoint) }]
      : [];
  });
}
