import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CgroupSetting, type CgroupSettingState, cgroupSettings, hugetlbSettings } from '@bulkhead/model';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CgroupGround, isUnified, treePoint } from '../support/cgroup-ground.ts';
import { cgroupMounts } from '../support/hand-cgroup.ts';
import { describeNeeds } from '../support/needs.ts';

/** The first whole disk; throttling rules are kept by the number of one. */
const disk = readdirSync('/sys/block').find((name) => /^(?:vd|sd|nvme|loop)/.test(name));
const diskNumber = disk === undefined ? '7:0' : readFileSync(`/sys/block/${disk}/dev`, 'utf8').trim();
const hugeSize = hugePageSize();

/** The smallest size of huge pages, as control groups name it. */
function hugePageSize(): string {
  const directory = '/sys/kernel/mm/hugepages';
  const kilobytes = (existsSync(directory) ? readdirSync(directory) : []).map((name) => Number(/\d+/.exec(name)?.[0]));
  const least = Math.min(...kilobytes, Number.POSITIVE_INFINITY);
  return Number.isFinite(least) ? `${least / 1024}MB` : '2MB';
}

/** A value for a setting, and what the kernel's own files then begin with, by version: files that cat(1) reads. */
interface Sample {
  value: string;
  /** Set with it, for without this the kernel refuses it. */
  beside?: Record<string, string>;
  v1?: Record<string, string>;
  v2?: Record<string, string>;
}

const bytes = '67108864';
const size = (v1: string | undefined, v2: string | undefined): Sample => ({
  value: bytes,
  ...(v1 === undefined ? {} : { v1: { [v1]: bytes } }),
  ...(v2 === undefined ? {} : { v2: { [v2]: bytes } }),
});
const same = (file: string, value: string): Sample => ({ value, v1: { [file]: value }, v2: { [file]: value } });

const samples: Readonly<Record<string, Sample>> = {
  'cpu.weight': { value: '50', v1: { 'cpu.shares': '512' }, v2: { 'cpu.weight': '50' } },
  'cpu.idle': same('cpu.idle', '1'),
  'cpu.max': {
    value: '20000 50000',
    v1: { 'cpu.cfs_quota_us': '20000', 'cpu.cfs_period_us': '50000' },
    v2: { 'cpu.max': '20000 50000' },
  },
  'cpu.max.burst': {
    value: '10000',
    beside: { 'cpu.max': '20000 100000' },
    v1: { 'cpu.cfs_burst_us': '10000' },
    v2: { 'cpu.max.burst': '10000' },
  },
  'cpu.uclamp.min': same('cpu.uclamp.min', '10.00'),
  'cpu.uclamp.max': same('cpu.uclamp.max', '50.00'),
  'cpu.rt_runtime_us': { value: '1000', v1: { 'cpu.rt_runtime_us': '1000' } },
  'cpu.rt_period_us': { value: '500000', v1: { 'cpu.rt_period_us': '500000' } },
  'cpuset.cpus': same('cpuset.cpus', '0'),
  'cpuset.mems': same('cpuset.mems', '0'),
  // Where its CPUs cannot be its own the kernel says why behind the word.
  'cpuset.cpus.partition': { value: 'root', v2: { 'cpuset.cpus.partition': 'root' } },
  'cpuset.cpus.exclusive': { value: '0', v2: { 'cpuset.cpus.exclusive': '0' } },
  'memory.max': size('memory.limit_in_bytes', 'memory.max'),
  'memory.swap.max': {
    value: '33554432',
    beside: { 'memory.max': bytes },
    v1: { 'memory.memsw.limit_in_bytes': '100663296' },
    v2: { 'memory.swap.max': '33554432' },
  },
  'memory.high': size(undefined, 'memory.high'),
  'memory.low': size(undefined, 'memory.low'),
  'memory.min': size(undefined, 'memory.min'),
  'memory.swap.high': size(undefined, 'memory.swap.high'),
  'memory.zswap.max': size(undefined, 'memory.zswap.max'),
  'memory.oom.group': { value: '1', v2: { 'memory.oom.group': '1' } },
  'memory.soft_limit_in_bytes': size('memory.soft_limit_in_bytes', undefined),
  'memory.swappiness': { value: '10', v1: { 'memory.swappiness': '10' } },
  'memory.oom_control': { value: '1', v1: { 'memory.oom_control': 'oom_kill_disable 1' } },
  'memory.kmem.tcp.limit_in_bytes': size('memory.kmem.tcp.limit_in_bytes', undefined),
  'io.weight': { value: '50', v1: { 'blkio.bfq.weight': '50' }, v2: { 'io.weight': 'default 50' } },
  'io.prio.class': { value: 'idle', v1: { 'blkio.prio.class': 'idle' }, v2: { 'io.prio.class': 'idle' } },
  'io.latency': { value: `${diskNumber} target=5000`, v2: { 'io.latency': `${diskNumber} target=5000` } },
  'io.max': {
    value: `${diskNumber} rbps=1048576 wbps=2097152 riops=100 wiops=200`,
    v1: {
      'blkio.throttle.read_bps_device': `${diskNumber} 1048576`,
      'blkio.throttle.write_bps_device': `${diskNumber} 2097152`,
      'blkio.throttle.read_iops_device': `${diskNumber} 100`,
      'blkio.throttle.write_iops_device': `${diskNumber} 200`,
    },
    v2: { 'io.max': `${diskNumber} rbps=1048576 wbps=2097152 riops=100 wiops=200` },
  },
  'pids.max': same('pids.max', '33'),
  devices: { value: 'deny a *:* rwm\nallow c 1:3 rwm', v1: { 'devices.list': 'c 1:3 rwm' } },
  'cgroup.freeze': { value: '1', v1: { 'freezer.state': 'FROZEN' }, v2: { 'cgroup.freeze': '1' } },
  'cgroup.max.descendants': { value: '5', v2: { 'cgroup.max.descendants': '5' } },
  'cgroup.max.depth': { value: '3', v2: { 'cgroup.max.depth': '3' } },
  'cgroup.pressure': { value: '0', v2: { 'cgroup.pressure': '0' } },
  'net_cls.classid': { value: '10:1', v1: { 'net_cls.classid': '1048577' } },
  'net_prio.ifpriomap': { value: 'lo 5', v1: { 'net_prio.ifpriomap': 'lo 5' } },
  [`hugetlb.${hugeSize}.max`]: size(`hugetlb.${hugeSize}.limit_in_bytes`, `hugetlb.${hugeSize}.max`),
  [`hugetlb.${hugeSize}.rsvd.max`]: size(`hugetlb.${hugeSize}.rsvd.limit_in_bytes`, `hugetlb.${hugeSize}.rsvd.max`),
};

const settings: readonly CgroupSetting[] = [...cgroupSettings, ...hugetlbSettings(hugeSize)];

/**
 * A hierarchy of its own in a mount namespace of its own, with one group. The kernel ends a hierarchy at umount(2) only
 * where its last group is gone for good, which takes a moment after rmdir(2): else it is mounted and unmounted once more.
 */
const privateHierarchy = `
mount -t tmpfs none /mnt && mkdir /mnt/h && mount -t cgroup -o "$1" none /mnt/h && mkdir /mnt/h/x || exit 1
"$2" "$3" /x "$4" "$5"
grep . /mnt/h/x/"$4"
rmdir /mnt/h/x
for try in 1 2 3 4 5; do
  sleep 0.5
  umount /mnt/h
  for wait in 1 2 3 4 5 6 7 8 9 10; do
    grep -q "^$1	0	" /proc/cgroups && exit 0
    sleep 0.2
  done
  mount -t cgroup -o "$1" none /mnt/h
done
exit 1`;

describeNeeds(
  { root: true, cgroup: 'v2', controllers: ['cpu', 'memory', 'pids', 'cpuset'], kernel: '5.14' },
  'every setting that we know, at a group of its own',
  () => {
    let ground: CgroupGround;
    let states: ReadonlyMap<string, CgroupSettingState>;
    const outcomes: string[] = [];

    beforeAll(() => {
      ground = new CgroupGround();
      if (!isUnified) ground.create(ground.root);
      // The tree has what is of the core and, beside v1, the controllers that v1 has not mounted.
      const offered = readFileSync(`${treePoint()}/cgroup.controllers`, 'utf8').trim().split(' ');
      const wanted = ['cpu', 'memory', 'pids', 'cpuset', 'io', 'hugetlb', 'rdma', 'misc'] as const;
      ground.control.create(
        ground.root,
        wanted.filter((name) => offered.includes(name)),
      );
      states = new Map(ground.control.settings(ground.root).map((state) => [state.key, state]));
    });
    afterAll(async () => {
      console.log(`cgroup version ${isUnified ? '2' : '1, with the tree of 2 beside it'}:\n${outcomes.sort().join('\n')}`);
      await ground[Symbol.asyncDispose]();
    });

    /** Where the group has a kernel file, past all our code. */
    const fileAt = (file: string): string | undefined =>
      cgroupMounts()
        .map(({ point }) => join(point, ground.root, file))
        .find((path) => existsSync(path));
    const isLegacy = (path: string | undefined): boolean =>
      cgroupMounts().some(({ point, type }) => type === 'cgroup' && path?.startsWith(`${point}/`) === true);
    const textOf = (file: string): string => readFileSync(fileAt(file) ?? `${file} of ${ground.root}`, 'utf8');
    /** No limit of huge pages is told as the greatest number of pages at first, and as `max` once it was written. */
    const unlimited = (text: string): string => text.replace(/^9223372036854\d{6}$/m, 'max');
    const written = settings.filter(({ model }) => model !== 'readable');
    const readable = settings.filter(({ model }) => model === 'readable');

    test('has a sample in this test', () => {
      expect(written.map(({ key }) => key).sort()).toEqual(Object.keys(samples).sort());
    });

    test.each(written.map((setting) => [setting.key, setting] as const))(
      '%s is set, held by the kernel, and put back, or told why not',
      (key, setting) => {
        const sample = samples[key] as Sample;
        const { refused, value: before } = states.get(key) ?? {};
        const files = [...setting.v1, ...setting.v2].flatMap((dialect) => dialect.files.map(({ name }) => name));
        if (refused !== undefined) {
          outcomes.push(`${key}: ${refused.reason}`);
          expect(refused.text.length).toBeGreaterThan(20);
          expect(() => ground.set(ground.root, { [key]: sample.value })).toThrow(`${key} cannot be set at ${ground.root}: ${refused.text}`);
          // It is as it says: the group has no such file, by which it could be set.
          expect(files.filter((file) => fileAt(file) !== undefined)).toEqual([]);
          return;
        }
        const version = Object.keys(sample.v1 ?? {}).some((file) => isLegacy(fileAt(file))) ? 'v1' : 'v2';
        const expected = Object.entries(sample[version] ?? {});
        expect(expected.length > 0 || key === 'devices').toBe(true);
        const held = expected.map(([file]) => unlimited(textOf(file)));
        const besides = Object.keys(sample.beside ?? {}).map((name) => [name, states.get(name)?.value ?? ''] as const);
        ground.set(ground.root, { ...sample.beside, [key]: sample.value });
        const line = (file: string): string => textOf(file).trim();
        for (const [file, text] of expected) expect(line(file)).toMatch(new RegExp(`^${text.replaceAll(/[.*+?^$()|]/g, '\\$&')}`, 'm'));
        const now = ground.stateOf(ground.root, key).value;
        if (key === 'cpuset.cpus.partition') expect(now).toMatch(/^root\b/);
        else expect(now).toBe(sample.value);
        // Asked for once more, there is nothing to do.
        if (key !== 'cpuset.cpus.partition') expect(ground.control.plan(ground.root, [{ key, value: sample.value }]).steps).toEqual([]);
        const back =
          key === 'io.max'
            ? `${diskNumber} rbps=max wbps=max riops=max wiops=max`
            : key === 'io.latency'
              ? `${diskNumber} target=0`
              : before;
        ground.set(ground.root, { [key]: back ?? '' });
        for (const [name, value] of besides) ground.set(ground.root, { [name]: value });
        expect(expected.map(([file]) => unlimited(textOf(file)))).toEqual(held);
        outcomes.push(`${key}: read and written, ${version}, ${expected.map(([file]) => file).join(' ') || 'a BPF program'}`);
      },
    );

    test('net_cls and net_prio, which few hosts mount, are read and written where they are', () => {
      const known = readFileSync('/proc/cgroups', 'utf8');
      // One that is mounted is tested with the others.
      const isForbidden = readFileSync('/proc/cmdline', 'utf8').includes('cgroup_no_v1=all');
      const names = isForbidden ? [] : ['net_cls', 'net_prio'].filter((name) => new RegExp(`^${name}\\t0\\t`, 'm').test(known));
      for (const name of isForbidden ? ['net_cls.classid', 'net_prio.ifpriomap'] : [])
        expect(states.get(name)?.refused?.text, name).toMatch(/not mounted|version 1/);
      const script = join(import.meta.dirname, '../support/cgroup-set.ts');
      for (const name of names) {
        const [key, value, text] = name === 'net_cls' ? ['net_cls.classid', '10:1', '1048577'] : ['net_prio.ifpriomap', 'lo 5', 'lo 5'];
        const args = ['--mount', 'sh', '-c', privateHierarchy, 'sh', name, process.execPath, script, key as string, value as string];
        const { status, stdout, stderr } = spawnSync('unshare', args, { encoding: 'utf8' });
        expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
        const [told, ...lines] = stdout.trim().split('\n');
        expect(told).toMatch(new RegExp(`(^|\\\\n|")${value}`));
        expect(lines).toContain(text);
        outcomes.push(`${key}: read and written, v1, where it is mounted`);
      }
    });

    test.each(readable.map((setting) => [setting.key, setting] as const))('%s is read as cat(1) shows it, and not set', (key, setting) => {
      const { value, refused } = states.get(key) ?? {};
      const file = [...setting.v1, ...setting.v2].flatMap((dialect) => dialect.files.map(({ name }) => name)).find((name) => fileAt(name));
      expect(() => ground.set(ground.root, { [key]: '1' })).toThrow(`${key} cannot be set`);
      if (file === undefined) {
        outcomes.push(`${key}: ${refused?.reason}`);
        expect(value).toBeUndefined();
        expect(refused?.text.length).toBeGreaterThan(20);
        return;
      }
      outcomes.push(`${key}: read, ${file}`);
      expect(value?.trim()).toBe(textOf(file).trim());
      expect(refused?.reason).toBe('readable');
    });
  },
);
