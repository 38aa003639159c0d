import { describe, expect, test } from 'vitest';
import { parseCgroupMounts } from './mounts.ts';

// Linux 6.18 with every controller mounted apart, and a v2 tree beside them
const hybrid = `23 22 0:21 / /proc rw,relatime - proc proc rw
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
33 31 0:30 / /sys/fs/cgroup/cpuacct rw,relatime - cgroup cgroup rw,cpuacct
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
`;

// as systemd mounts a hybrid tree: controllers that belong together share one
const systemd = `30 24 0:26 / /sys/fs/cgroup/unified rw,nosuid,nodev,noexec,relatime shared:10 - cgroup2 cgroup2 rw,nsdelegate
31 24 0:27 / /sys/fs/cgroup/systemd rw,nosuid,nodev,noexec,relatime shared:11 - cgroup cgroup rw,xattr,name=systemd
35 24 0:31 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid,nodev,noexec,relatime shared:16 - cgroup cgroup rw,cpu,cpuacct
36 24 0:32 / /sys/fs/cgroup/cpuset rw,nosuid,nodev,noexec,relatime shared:17 master:2 - cgroup cgroup rw,cpuset,clone_children
`;

const unified =
  '28 23 0:25 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n';

describe('parseCgroupMounts', () => {
  test('each controller apart', () => {
    expect(parseCgroupMounts(hybrid)).toEqual([
      { mountPoint: '/sys/fs/cgroup/cpu', controllers: ['cpu'], version: 1 },
      { mountPoint: '/sys/fs/cgroup/cpuacct', controllers: ['cpuacct'], version: 1 },
      { mountPoint: '/sys/fs/cgroup/unified', controllers: [], version: 2 },
    ]);
  });
  test('controllers that share a mount, and optional fields', () => {
    expect(parseCgroupMounts(systemd)).toEqual([
      { mountPoint: '/sys/fs/cgroup/unified', controllers: [], version: 2 },
      { mountPoint: '/sys/fs/cgroup/cpu,cpuacct', controllers: ['cpu', 'cpuacct'], version: 1 },
      { mountPoint: '/sys/fs/cgroup/cpuset', controllers: ['cpuset'], version: 1 },
    ]);
  });
  test('the one tree', () => {
    expect(parseCgroupMounts(unified)).toEqual([{ mountPoint: '/sys/fs/cgroup', controllers: [], version: 2 }]);
  });
  test('a hierarchy mounted twice counts where its root is, else where it comes first', () => {
    const line = (root: string, point: string) => `1 0 0:1 ${root} ${point} rw - cgroup cgroup rw,pids\n`;
    const pointsOf = (text: string) => parseCgroupMounts(text).map(({ mountPoint }) => mountPoint);
    expect(pointsOf(line('/sub', '/a') + line('/', '/b') + line('/', '/c'))).toEqual(['/b']);
    expect(pointsOf(line('/sub', '/a') + line('/other', '/b'))).toEqual(['/a']);
  });
  test('a space in a mount point', () => {
    expect(parseCgroupMounts('1 0 0:1 / /my\\040cg rw - cgroup cgroup rw,pids\n')[0]?.mountPoint).toBe('/my cg');
  });
  test('no control groups', () => {
    expect(parseCgroupMounts('23 22 0:21 / /proc rw,relatime - proc proc rw\n\n')).toEqual([]);
  });
});
