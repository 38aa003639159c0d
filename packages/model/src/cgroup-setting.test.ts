import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  blkioOfIoWeight,
  type CgroupDialect,
  type CgroupSetting,
  canonicalValue,
  cgroupSettings,
  findCgroupSetting,
  ioWeightOfBlkio,
  type KernelWrite,
  settingsOfFile,
  sharesOfWeight,
  weightOfShares,
} from './cgroup-setting.ts';
import { Problem } from './problem.ts';

const find = (key: string): CgroupSetting => {
  const setting = findCgroupSetting(key);
  if (setting === undefined) throw new Error(`no setting ${key}`);
  return setting;
};
const dialectOf = (key: string, version: 1 | 2, file?: string): CgroupDialect => {
  const { v1, v2 } = find(key);
  const dialect = (version === 1 ? v1 : v2).find(({ files }) => file === undefined || files[0]?.name === file);
  if (dialect === undefined) throw new Error(`${key} has no version ${version}`);
  return dialect;
};
/** What a group has in its files, as `read(2)` tells it less the line end. */
type Files = Record<string, string>;
const heldOf = (files: Files) => (name: string) => files[name];
const write = (key: string, version: 1 | 2, value: string, files: Files, file?: string): KernelWrite[] =>
  (dialectOf(key, version, file).write as NonNullable<CgroupDialect['write']>)(canonicalValue(find(key), value), heldOf(files));
const inShort = (writes: readonly KernelWrite[]): string[] => writes.map(({ file, value }) => `${file} ← ${value}`);
const unlimited = '9223372036854771712';

describe('the registry', () => {
  test('has every setting once, with a file in one version at least, and its preset in its one form', () => {
    const keys = cgroupSettings.map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
    for (const setting of cgroupSettings) {
      const { key, v1, v2, model, preset } = setting;
      // Devices of v2 are a program.
      if (key !== 'devices') expect(v1.length + v2.length, key).toBeGreaterThan(0);
      if (setting.kind !== 'text') expect(canonicalValue(setting, preset), key).toBe(preset);
      for (const dialect of [...v1, ...v2]) expect(dialect.write === undefined, key).toBe(model === 'readable');
    }
  });

  test('says what a setting becomes, or what there is in its place, where one version alone has it', () => {
    for (const { key, v1, v2, formulas, elsewhere, model } of cgroupSettings) {
      if (model === 'readable' || (v1.length > 0 && v2.length > 0)) continue;
      expect(formulas.length > 0 || elsewhere !== undefined, key).toBe(true);
    }
  });

  test('tells of each file of a new group the preset', () => {
    for (const { key, v1, v2, preset } of cgroupSettings)
      for (const dialect of [...v1, ...v2]) {
        const fresh = Object.fromEntries(dialect.files.map((file) => [file.name, file.preset]));
        // CFQ's middle is 500, runc's formula takes it to 4950.
        if (dialect.until !== undefined) continue;
        expect(dialect.read(heldOf(fresh)), `${key} of ${dialect.files[0]?.name}`).toBe(preset);
        // And there is nothing to do to make it so.
        expect(dialect.write?.(preset, heldOf(fresh)) ?? [], key).toEqual([]);
      }
  });

  test('finds settings by key and by the files of both versions, huge pages of any size too', () => {
    expect(settingsOfFile('cpu.shares').map(({ setting, version }) => [setting.key, version])).toEqual([['cpu.weight', 1]]);
    expect(settingsOfFile('pids.max').map(({ version }) => version)).toEqual([1, 2]);
    expect(settingsOfFile('memory.limit_in_bytes').map(({ setting }) => setting.key)).toEqual(['memory.max', 'memory.swap.max']);
    expect(settingsOfFile('hugetlb.2MB.limit_in_bytes').map(({ setting }) => setting.key)).toEqual(['hugetlb.2MB.max']);
    expect(findCgroupSetting('hugetlb.1GB.rsvd.max')?.v1[0]?.files[0]?.name).toBe('hugetlb.1GB.rsvd.limit_in_bytes');
    for (const unknown of ['hugetlb.tall.max', 'hugetlb.2MB.least', 'cpu.shares', '__proto__', ''])
      expect(findCgroupSetting(unknown), unknown).toBeUndefined();
    expect(settingsOfFile('cpu.weight.nice')).toEqual([]);
  });
});

describe('texts of real kernels are read', () => {
  // Linux 6.18 with v1, Linux 6.12 and 6.1 with v2: groups that somebody set.
  test.each<[string, 1 | 2, Files, string]>([
    ['cpu.weight', 1, { 'cpu.shares': '200' }, '20'],
    ['cpu.weight', 1, { 'cpu.shares': '262144' }, '10000'],
    ['cpu.weight', 2, { 'cpu.weight': '79' }, '79'],
    ['cpu.max', 1, { 'cpu.cfs_quota_us': '-1', 'cpu.cfs_period_us': '100000' }, 'max 100000'],
    ['cpu.max', 1, { 'cpu.cfs_quota_us': '25000', 'cpu.cfs_period_us': '50000' }, '25000 50000'],
    ['cpu.max', 2, { 'cpu.max': '50000 100000' }, '50000 100000'],
    ['cpu.max.burst', 1, { 'cpu.cfs_burst_us': '1000' }, '1000'],
    ['cpu.rt_runtime_us', 1, { 'cpu.rt_runtime_us': '-1' }, 'max'],
    ['cpuset.cpus', 1, { 'cpuset.cpus': '0-1,4' }, '0-1,4'],
    ['cpuset.cpus', 2, { 'cpuset.cpus': '' }, ''],
    ['cpuset.cpus.partition', 2, { 'cpuset.cpus.partition': 'root invalid (Parent is not a partition root)' }, 'root'],
    ['memory.max', 1, { 'memory.limit_in_bytes': unlimited }, 'max'],
    ['memory.max', 1, { 'memory.limit_in_bytes': '67108864', 'memory.memsw.limit_in_bytes': unlimited }, '67108864'],
    ['memory.swap.max', 1, { 'memory.limit_in_bytes': '67108864', 'memory.memsw.limit_in_bytes': unlimited }, 'max'],
    ['memory.swap.max', 1, { 'memory.limit_in_bytes': '67108864', 'memory.memsw.limit_in_bytes': '100663296' }, '33554432'],
    ['memory.high', 2, { 'memory.high': '33554432' }, '33554432'],
    ['memory.oom_control', 1, { 'memory.oom_control': 'oom_kill_disable 1\nunder_oom 0\noom_kill 3' }, '1'],
    ['io.weight', 1, { 'blkio.bfq.weight': '300', 'blkio.bfq.weight_device': 'default 300\n8:0 500' }, '300\n8:0 500'],
    ['io.weight', 2, { 'io.weight': 'default 250\n254:0 10' }, '250\n254:0 10'],
    ['io.max', 2, { 'io.max': '254:0 rbps=1048576 wbps=max riops=max wiops=120' }, '254:0 rbps=1048576 wbps=max riops=max wiops=120'],
    [
      'io.max',
      1,
      { 'blkio.throttle.read_bps_device': '254:0 1048576', 'blkio.throttle.write_iops_device': '254:0 120\n7:0 5' },
      '7:0 rbps=max wbps=max riops=max wiops=5\n254:0 rbps=1048576 wbps=max riops=max wiops=120',
    ],
    ['pids.max', 1, { 'pids.max': 'max' }, 'max'],
    ['cgroup.freeze', 1, { 'freezer.state': 'FREEZING', 'freezer.self_freezing': '1' }, '1'],
    // Frozen from above, not by itself.
    ['cgroup.freeze', 1, { 'freezer.state': 'FROZEN', 'freezer.self_freezing': '0' }, '0'],
    ['net_cls.classid', 1, { 'net_cls.classid': '1048577' }, '10:1'],
    ['hugetlb.2MB.max', 1, { 'hugetlb.2MB.limit_in_bytes': '9223372036852678656' }, 'max'],
    ['hugetlb.1GB.max', 1, { 'hugetlb.1GB.limit_in_bytes': '9223372035781033984' }, 'max'],
    ['hugetlb.2MB.max', 2, { 'hugetlb.2MB.max': '4194304' }, '4194304'],
    ['devices', 1, { 'devices.list': 'a *:* rwm' }, 'allow a *:* rwm'],
    ['devices', 1, { 'devices.list': 'c 136:* rw\nc 1:3 rwm' }, 'deny a *:* rwm\nallow c 1:3 rwm\nallow c 136:* rw'],
    ['devices', 1, { 'devices.list': '' }, 'deny a *:* rwm'],
  ])('%s of version %i', (key, version, files, value) => {
    expect(dialectOf(key, version).read(heldOf(files))).toBe(value);
  });

  test.each<[string, 1 | 2, Files]>([
    ['cpu.weight', 1, { 'cpu.shares': 'many' }],
    ['cpu.max', 1, { 'cpu.cfs_quota_us': 'x', 'cpu.cfs_period_us': '100000' }],
    ['memory.max', 1, { 'memory.limit_in_bytes': '' }],
    ['io.max', 2, { 'io.max': '8:0 rbps' }],
    ['cpuset.cpus', 1, { 'cpuset.cpus': '3-1' }],
    ['devices', 1, { 'devices.list': 'q 1:3 rwm' }],
    ['memory.oom_control', 1, { 'memory.oom_control': '' }],
  ])('%s of version %i: garbage is an error, not a value', (key, version, files) => {
    expect(() => dialectOf(key, version).read(heldOf(files))).toThrow(Problem);
  });
});

describe('a change is the writes it takes, each with what puts it back', () => {
  test('a weight, and none where the file means it already', () => {
    expect(write('cpu.weight', 1, '20', { 'cpu.shares': '1024' })).toEqual([{ file: 'cpu.shares', value: '205', undo: '1024' }]);
    // 200 shares are between two weights; they are not touched for the weight they already mean.
    expect(write('cpu.weight', 1, '20', { 'cpu.shares': '200' })).toEqual([]);
    expect(write('cpu.weight', 1, '30', { 'cpu.shares': '200' })[0]?.undo).toBe('200');
  });

  test('a quota keeps the period that is held; a new period is written while there is no quota', () => {
    const files = { 'cpu.cfs_quota_us': '50000', 'cpu.cfs_period_us': '100000' };
    expect(inShort(write('cpu.max', 1, '20000', files))).toEqual(['cpu.cfs_quota_us ← 20000']);
    expect(write('cpu.max', 1, '20000 40000', files)).toEqual([
      { file: 'cpu.cfs_quota_us', value: '-1', undo: '50000' },
      { file: 'cpu.cfs_period_us', value: '40000', undo: '100000' },
      { file: 'cpu.cfs_quota_us', value: '20000', undo: '-1' },
    ]);
    expect(inShort(write('cpu.max', 1, 'max', files))).toEqual(['cpu.cfs_quota_us ← -1']);
    expect(inShort(write('cpu.max', 2, '20000', { 'cpu.max': 'max 40000' }))).toEqual(['cpu.max ← 20000 40000']);
  });

  test('memory on v1 takes memsw along, so that swap stays, and never is more than it on the way', () => {
    const files = { 'memory.limit_in_bytes': '67108864', 'memory.memsw.limit_in_bytes': '100663296' };
    expect(inShort(write('memory.max', 1, '128M', files))).toEqual([
      'memory.memsw.limit_in_bytes ← 167772160',
      'memory.limit_in_bytes ← 134217728',
    ]);
    expect(inShort(write('memory.max', 1, '32M', files))).toEqual([
      'memory.limit_in_bytes ← 33554432',
      'memory.memsw.limit_in_bytes ← 67108864',
    ]);
    expect(inShort(write('memory.max', 1, 'max', files))).toEqual(['memory.memsw.limit_in_bytes ← -1', 'memory.limit_in_bytes ← -1']);
    expect(inShort(write('memory.max', 1, '32M', { 'memory.limit_in_bytes': unlimited }))).toEqual(['memory.limit_in_bytes ← 33554432']);
    expect(inShort(write('memory.swap.max', 1, '0', files))).toEqual(['memory.memsw.limit_in_bytes ← 67108864']);
    expect(() =>
      write('memory.swap.max', 1, '1M', { 'memory.limit_in_bytes': unlimited, 'memory.memsw.limit_in_bytes': unlimited }),
    ).toThrow(/together/);
  });

  test('io.max changes what it names and leaves the rest', () => {
    const held = { 'io.max': '8:0 rbps=1048576 wbps=max riops=max wiops=max' };
    expect(write('io.max', 2, '8:0 wiops=100', held)).toEqual([{ file: 'io.max', value: '8:0 wiops=100', undo: '8:0 wiops=max' }]);
    expect(write('io.max', 2, '8:0 rbps=1M', held)).toEqual([]);
    expect(write('io.max', 1, '8:0 rbps=max wbps=2M', { 'blkio.throttle.read_bps_device': '8:0 1048576' })).toEqual([
      { file: 'blkio.throttle.read_bps_device', value: '8:0 0', undo: '8:0 1048576' },
      { file: 'blkio.throttle.write_bps_device', value: '8:0 2097152', undo: '8:0 0' },
    ]);
  });

  test('weights of single disks, and back to the weight of all', () => {
    const held = { 'io.weight': 'default 100\n8:0 200' };
    expect(inShort(write('io.weight', 2, '50', held))).toEqual(['io.weight ← default 50']);
    expect(write('io.weight', 2, '8:0 default\n8:16 10', held)).toEqual([
      { file: 'io.weight', value: '8:0 default', undo: '8:0 200' },
      { file: 'io.weight', value: '8:16 10', undo: '8:16 default' },
    ]);
    // BFQ ends at 1000.
    expect(inShort(write('io.weight', 1, '5000', { 'blkio.bfq.weight': '100' }))).toEqual(['blkio.bfq.weight ← 1000']);
    expect(inShort(write('io.weight', 1, '10000', { 'blkio.weight': '500' }, 'blkio.weight'))).toEqual(['blkio.weight ← 1000']);
  });

  test('devices are changed one by one where none are allowed, and anew where all were', () => {
    const held = { 'devices.list': 'c 1:3 rwm\nc 1:5 rwm' };
    expect(write('devices', 1, 'deny a\nallow c 1:3 rwm\nallow c 1:8 r', held)).toEqual([
      { file: 'devices.deny', value: 'c 1:5 rwm', undo: [{ file: 'devices.allow', value: 'c 1:5 rwm' }] },
      { file: 'devices.allow', value: 'c 1:8 r', undo: [{ file: 'devices.deny', value: 'c 1:8 r' }] },
    ]);
    expect(inShort(write('devices', 1, 'deny a\nallow c 1:3 rw', { 'devices.list': 'a *:* rwm' }))).toEqual([
      'devices.deny ← a',
      'devices.allow ← c 1:3 rw',
    ]);
    expect(inShort(write('devices', 1, 'allow a\ndeny b *:* rwm', { 'devices.list': 'a *:* rwm' }))).toEqual(['devices.deny ← b *:* rwm']);
  });

  test('an empty list of CPUs is a line end, for an empty write is none', () => {
    expect(write('cpuset.cpus', 2, '', { 'cpuset.cpus': '0-1' })).toEqual([{ file: 'cpuset.cpus', value: '\n', undo: '0-1' }]);
    expect(write('cpuset.cpus', 2, '1', { 'cpuset.cpus': '' })).toEqual([{ file: 'cpuset.cpus', value: '1', undo: '\n' }]);
  });

  test('what is frozen is frozen in the words of the version', () => {
    expect(inShort(write('cgroup.freeze', 1, '1', { 'freezer.state': 'THAWED', 'freezer.self_freezing': '0' }))).toEqual([
      'freezer.state ← FROZEN',
    ]);
    expect(inShort(write('cgroup.freeze', 2, '1', { 'cgroup.freeze': '0' }))).toEqual(['cgroup.freeze ← 1']);
  });

  test('a class of tc', () => {
    expect(inShort(write('net_cls.classid', 1, '10:1', { 'net_cls.classid': '0' }))).toEqual(['net_cls.classid ← 0x100001']);
    expect(inShort(write('net_prio.ifpriomap', 1, 'lo 5', { 'net_prio.ifpriomap': 'lo 0\neth0 0' }))).toEqual([
      'net_prio.ifpriomap ← lo 5',
    ]);
  });
});

describe('values as people write them', () => {
  test.each([
    ['memory.max', '64M', '67108864'],
    ['memory.max', ' 1GiB ', '1073741824'],
    ['memory.max', '-1', 'max'],
    ['memory.max', unlimited, 'max'],
    ['cpu.max', '50000', '50000'],
    ['cpu.max', '-1 100000', 'max 100000'],
    ['cpuset.cpus', '3,1,0', '0-1,3'],
    ['io.max', '8:0 wiops=10 rbps=1M', '8:0 rbps=1048576 wiops=10'],
    ['io.weight', 'default 200', '200'],
    ['pids.max', '-1', 'max'],
    ['net_cls.classid', '0x100001', '10:1'],
    ['cpu.uclamp.min', '20', '20.00'],
    ['devices', 'deny a *:* rwm\nallow c 1:3 mr\nallow c 1:3 w', 'deny a *:* rwm\nallow c 1:3 rwm'],
    ['devices', 'deny a\nallow c 1:3 rw\ndeny c 1:3 w', 'deny a *:* rwm\nallow c 1:3 r'],
  ])('%s: %s', (key, text, value) => expect(canonicalValue(find(key), text)).toBe(value));

  test.each([
    ['cpu.weight', '0', '1 to 10000'],
    ['cpu.weight', '10001', '1 to 10000'],
    ['cpu.weight', 'half', 'a whole number'],
    ['cpu.max', '999 100000', '1000 to'],
    ['cpu.max', '50000 500', 'a period of 1000 to 1000000'],
    ['cpu.max', '50000 100000 7', 'QUOTA PERIOD'],
    ['memory.max', '-2', 'a size'],
    ['memory.max', '1.5G', 'a size'],
    ['pids.max', '4194305', '0 to 4194304'],
    ['cpuset.cpus', '0-', 'a list'],
    ['cpuset.cpus.partition', 'leaf', 'member, root, isolated'],
    ['io.max', '8:0 rbps=0', 'no limit of 0'],
    ['io.max', '/dev/sda rbps=1', 'lines like'],
    ['io.max', '8:0', 'lines like'],
    ['devices', 'allow everything', 'lines like'],
    ['devices', '', 'lines like'],
    ['devices', 'deny a 1:3 rwm', 'lines like'],
    ['cgroup.freeze', 'FROZEN', '0 or 1'],
    ['cpu.uclamp.max', '101', 'a percentage'],
    ['memory.max', '\0', 'a size'],
  ])('%s: "%s" is refused, with what the kernel takes', (key, text, expected) => {
    expect(() => canonicalValue(find(key), text)).toThrow(
      expect.objectContaining({ code: 'invalid', message: expect.stringContaining(expected) }),
    );
    expect(() => canonicalValue(find(key), text)).toThrow(new RegExp(`^${key.replaceAll('.', '\\.')}: `));
  });
});

describe('round trips', () => {
  /** Writes a value over files and tells what the kernel would hold then. */
  const apply = (writes: readonly KernelWrite[], files: Files): Files => {
    const after = { ...files };
    for (const { file, value } of writes) after[file] = value.trim();
    return after;
  };
  const roundTrip = (key: string, version: 1 | 2, files: Files, value: string): string =>
    dialectOf(key, version).read(heldOf(apply(write(key, version, value, files), files)));

  test('every weight comes back from its shares, and shares from a weight are held to the kernel', () => {
    for (let weight = 1; weight <= 10_000; weight += 1) expect(weightOfShares(sharesOfWeight(weight))).toBe(weight);
    expect([1, 50, 100, 10_000].map(sharesOfWeight)).toEqual([10, 512, 1024, 102_400]);
    expect([2, 262_144].map(weightOfShares)).toEqual([1, 10_000]);
  });

  test('every blkio.weight is a weight, in the same order, and comes back within one', () => {
    for (let weight = 10; weight < 1000; weight += 1) {
      expect(ioWeightOfBlkio(weight + 1)).toBeGreaterThan(ioWeightOfBlkio(weight));
      expect(Math.abs(blkioOfIoWeight(ioWeightOfBlkio(weight)) - weight)).toBeLessThanOrEqual(1);
    }
    expect([10, 1000].map(ioWeightOfBlkio)).toEqual([1, 10_000]);
  });

  const quotas = fc.tuple(
    fc.oneof(fc.constant('max'), fc.integer({ min: 1000, max: 1e9 }).map(String)),
    fc.integer({ min: 1000, max: 1_000_000 }),
  );
  test('a quota with its period is the same on both versions, from whatever was there', () => {
    fc.assert(
      fc.property(quotas, quotas, ([quota, period], [before, heldPeriod]) => {
        const value = `${quota} ${period}`;
        const v1 = { 'cpu.cfs_quota_us': before === 'max' ? '-1' : before, 'cpu.cfs_period_us': String(heldPeriod) };
        expect(roundTrip('cpu.max', 1, v1, value)).toBe(value);
        expect(roundTrip('cpu.max', 2, { 'cpu.max': `${before} ${heldPeriod}` }, value)).toBe(value);
      }),
    );
  });

  const sizes = fc.oneof(fc.constant('max'), fc.bigInt({ min: 0n, max: 2n ** 50n }).map(String));
  test('memory and swap are the same on both versions, and memory is never more than memsw on the way', () => {
    fc.assert(
      fc.property(sizes, sizes, sizes, sizes, (memory, swap, heldMemory, heldSwap) => {
        const text = (value: string) => (value === 'max' ? unlimited : value);
        const sum = heldMemory === 'max' || heldSwap === 'max' ? unlimited : String(BigInt(heldMemory) + BigInt(heldSwap));
        let files: Files = { 'memory.limit_in_bytes': text(heldMemory), 'memory.memsw.limit_in_bytes': sum };
        const step = (writes: readonly KernelWrite[]) => {
          for (const each of writes) {
            files = { ...files, [each.file]: each.value === '-1' ? unlimited : each.value };
            expect(BigInt(files['memory.limit_in_bytes'] as string)).toBeLessThanOrEqual(
              BigInt(files['memory.memsw.limit_in_bytes'] as string),
            );
          }
        };
        step(write('memory.max', 1, memory, files));
        expect(dialectOf('memory.max', 1).read(heldOf(files))).toBe(memory);
        if (memory === 'max') return;
        step(write('memory.swap.max', 1, swap, files));
        expect(dialectOf('memory.swap.max', 1).read(heldOf(files))).toBe(swap);
        expect(dialectOf('memory.max', 1).read(heldOf(files))).toBe(memory);
      }),
    );
  });

  test('a list of numbers is a set, written once', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 300 }), { maxLength: 40 }), (numbers) => {
        const value = canonicalValue(find('cpuset.cpus'), numbers.join(','));
        expect(canonicalValue(find('cpuset.cpus'), value)).toBe(value);
        expect(
          value
            .split(',')
            .reduce(
              (sum, run) => sum + (run === '' ? 0 : run.includes('-') ? Number(run.split('-')[1]) - Number(run.split('-')[0]) + 1 : 1),
              0,
            ),
        ).toBe(numbers.length);
      }),
    );
  });

  const device = fc.tuple(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 0, max: 1000 })).map(([major, minor]) => `${major}:${minor}`);
  const limit = fc.oneof(fc.constant('max'), fc.integer({ min: 1, max: 2 ** 31 }).map(String));
  test('limits of devices are the same on both versions', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(device, limit, limit, limit, limit), { selector: ([name]) => name, maxLength: 5 }), (rows) => {
        const value = rows
          .map(([name, rbps, wbps, riops, wiops]) => `${name} rbps=${rbps} wbps=${wbps} riops=${riops} wiops=${wiops}`)
          .join('\n');
        const canonical = canonicalValue(find('io.max'), value);
        // The kernel keeps no line for a device without a limit.
        const kept = canonical
          .split('\n')
          .filter((line) => /=\d/.test(line))
          .join('\n');
        const v1: Files = {};
        for (const { file, value: line } of write('io.max', 1, value, {})) v1[file] = [v1[file], line].filter(Boolean).join('\n');
        expect(dialectOf('io.max', 1).read(heldOf(v1))).toBe(kept);
        const lines = write('io.max', 2, value, {}).map((each) => {
          const [name, ...pairs] = each.value.split(' ');
          const told = Object.fromEntries(pairs.map((pair) => pair.split('=')));
          return `${name} ${['rbps', 'wbps', 'riops', 'wiops'].map((key) => `${key}=${told[key] ?? 'max'}`).join(' ')}`;
        });
        expect(dialectOf('io.max', 2).read(heldOf({ 'io.max': lines.join('\n') }))).toBe(kept);
      }),
    );
  });

  const rule = fc
    .tuple(
      fc.constantFrom('allow', 'deny'),
      fc.constantFrom('b', 'c'),
      fc.integer({ min: 0, max: 3 }),
      fc.constantFrom('r', 'rw', 'rwm', 'm'),
    )
    .map(([verb, type, minor, access]) => `${verb} ${type} 1:${minor} ${access}`);
  test('a list of devices has one form, and v1 holds it where none are allowed but some', () => {
    fc.assert(
      fc.property(fc.constantFrom('allow a', 'deny a'), fc.array(rule, { maxLength: 8 }), (first, rules) => {
        const value = canonicalValue(find('devices'), [first, ...rules].join('\n'));
        expect(canonicalValue(find('devices'), value)).toBe(value);
        if (first === 'allow a') return;
        const list = value
          .split('\n')
          .slice(1)
          .map((line) => line.replace('allow ', ''))
          .join('\n');
        expect(dialectOf('devices', 1).read(heldOf({ 'devices.list': list }))).toBe(value);
        // From any such list to another and back by what undoes it.
        const writes = write('devices', 1, 'deny a\nallow c 9:9 r', { 'devices.list': list });
        expect(writes.every(({ undo }) => Array.isArray(undo))).toBe(true);
      }),
    );
  });
});
