import { Problem } from '../problem.ts';
import type { CgroupDialect, CgroupSetting, HeldFiles, KernelWrite } from './types.ts';
import {
  type DeviceLimits,
  formatDeviceLimits,
  formatDeviceWeights,
  type LimitKey,
  limitKeys,
  parseDeviceLimits,
  parseDeviceWeights,
  parsePairs,
} from './value.ts';
import { bfqWeightOf, blkioOfIoWeight, ioWeightOfBlkio } from './weight.ts';

const garbage = (file: string, text: string): Problem => new Problem('invalid', `${file} holds ${JSON.stringify(text.slice(0, 100))}`);

const throttleFiles: Record<LimitKey, string> = {
  rbps: 'blkio.throttle.read_bps_device',
  wbps: 'blkio.throttle.write_bps_device',
  riops: 'blkio.throttle.read_iops_device',
  wiops: 'blkio.throttle.write_iops_device',
};

const whole = (limits: DeviceLimits): DeviceLimits => Object.fromEntries(limitKeys.map((key) => [key, limits[key] ?? 'max']));

/** Devices with a limit, each with all four. */
function legacyLimits(held: HeldFiles): Map<string, DeviceLimits> {
  const devices = new Map<string, DeviceLimits>();
  for (const key of limitKeys) {
    const text = held(throttleFiles[key]) ?? '';
    const pairs = parsePairs(text);
    if (pairs === undefined) throw garbage(throttleFiles[key], text);
    for (const [device, value] of pairs) devices.set(device, { ...devices.get(device), [key]: value === '0' ? 'max' : value });
  }
  return new Map([...devices].map(([device, limits]) => [device, whole(limits)]));
}

function unifiedLimits(held: HeldFiles): Map<string, DeviceLimits> {
  const text = held('io.max') ?? '';
  const devices = parseDeviceLimits(text);
  if (devices === undefined) throw garbage('io.max', text);
  return devices;
}

/** What a change names and does not hold yet, by device. */
function differing(value: string, held: ReadonlyMap<string, DeviceLimits>): Map<string, DeviceLimits> {
  const wanted = parseDeviceLimits(value);
  if (wanted === undefined) throw garbage('io.max', value);
  const changes = new Map<string, DeviceLimits>();
  for (const [device, limits] of wanted) {
    const before = whole(held.get(device) ?? {});
    const keys = limitKeys.filter((key) => limits[key] !== undefined && limits[key] !== before[key]);
    if (keys.length > 0) changes.set(device, Object.fromEntries(keys.map((key) => [key, limits[key]])));
  }
  return changes;
}

const legacyMax: CgroupDialect = {
  files: limitKeys.map((key) => ({ name: throttleFiles[key], preset: '' })),
  since: '2.6.37',
  read: (held) => formatDeviceLimits(legacyLimits(held)),
  write(value, held) {
    const before = legacyLimits(held);
    const line = (device: string, limit: string | undefined) => `${device} ${limit === undefined || limit === 'max' ? '0' : limit}`;
    return [...differing(value, before)].flatMap(([device, limits]) =>
      limitKeys.flatMap((key): KernelWrite[] =>
        limits[key] === undefined
          ? []
          : [{ file: throttleFiles[key], value: line(device, limits[key]), undo: line(device, before.get(device)?.[key]) }],
      ),
    );
  },
};

const unifiedMax: CgroupDialect = {
  files: [{ name: 'io.max', preset: '' }],
  since: '4.5',
  read: (held) => formatDeviceLimits(unifiedLimits(held)),
  write(value, held) {
    const before = unifiedLimits(held);
    return [...differing(value, before)].map(([device, limits]) => {
      const keys = limitKeys.filter((key) => limits[key] !== undefined);
      const old = whole(before.get(device) ?? {});
      const line = (from: DeviceLimits) => `${device} ${keys.map((key) => `${key}=${from[key]}`).join(' ')}`;
      return { file: 'io.max', value: line(limits), undo: line(old) };
    });
  },
};

interface WeightWords {
  /** The weight of all devices. */
  file: string;
  /** The same with a line for each device; on v2 one file has both. */
  devicesFile: string;
  preset: string;
  since: string;
  until?: string;
  read(weight: number): number;
  write(weight: number): number;
  /** Put before a number of all devices: v2 takes `default N`. */
  prefix: string;
}

/** A weight of all devices, and of single ones. */
function weights({ file, devicesFile, preset, since, until, read, write, prefix }: WeightWords): CgroupDialect {
  const isOneFile = file === devicesFile;
  const heldWeights = (held: HeldFiles) => {
    const all = parseDeviceWeights(held(file) ?? preset);
    const single = parseDeviceWeights(held(devicesFile) ?? '');
    if (all === undefined || single === undefined) throw garbage(devicesFile, held(devicesFile) ?? '');
    return { weight: all.weight ?? preset, devices: single.devices };
  };
  return {
    files: isOneFile
      ? [{ name: file, preset: `default ${preset}` }]
      : [
          { name: file, preset },
          { name: devicesFile, preset: '' },
        ],
    since,
    ...(until === undefined ? {} : { until }),
    read(held) {
      const { weight, devices } = heldWeights(held);
      const converted = [...devices].map(([device, value]) => [device, String(read(Number(value)))] as const);
      return formatDeviceWeights({ weight: String(read(Number(weight))), devices: new Map(converted) });
    },
    write(value, held) {
      const wanted = parseDeviceWeights(value);
      if (wanted === undefined) throw garbage('io.weight', value);
      const before = heldWeights(held);
      const writes: KernelWrite[] = [];
      if (wanted.weight !== undefined && Number(wanted.weight) !== read(Number(before.weight)))
        writes.push({ file, value: `${prefix}${write(Number(wanted.weight))}`, undo: `${prefix}${before.weight}` });
      for (const [device, weight] of wanted.devices) {
        const old = before.devices.get(device);
        const isHeld = weight === 'default' ? old === undefined : old !== undefined && read(Number(old)) === Number(weight);
        if (isHeld) continue;
        const none = isOneFile ? 'default' : '0';
        const text = weight === 'default' ? none : String(write(Number(weight)));
        writes.push({ file: devicesFile, value: `${device} ${text}`, undo: `${device} ${old ?? none}` });
      }
      return writes;
    },
  };
}

const same = (weight: number): number => weight;

/** `MAJOR:MINOR target=USEC` a line. */
const latency: CgroupDialect = {
  files: [{ name: 'io.latency', preset: '' }],
  since: '4.19',
  read: (held) => held('io.latency') ?? '',
  write(value, held) {
    const before = parsePairs(held('io.latency') ?? '') ?? new Map<string, string>();
    return [...(parsePairs(value) ?? [])].flatMap(([device, target]) =>
      (before.get(device) ?? 'target=0') === target
        ? []
        : [{ file: 'io.latency', value: `${device} ${target}`, undo: `${device} ${before.get(device) ?? 'target=0'}` }],
    );
  },
};

const classes = ['no-change', 'promote-to-rt', 'restrict-to-be', 'idle', 'none-to-rt'] as const;
const priorityClass = (name: string): CgroupDialect => ({
  files: [{ name, preset: 'no-change' }],
  since: '5.14',
  read: (held) => held(name) ?? 'no-change',
  write: (value, held) => (held(name) === value ? [] : [{ file: name, value, undo: held(name) ?? 'no-change' }]),
});

/** Input and output of block devices. */
export const ioSettings: readonly CgroupSetting[] = [
  {
    key: 'io.weight',
    controller: 'io',
    legacyController: 'blkio',
    model: 'weight',
    kind: 'device-weights',
    range: { least: 1n, greatest: 10_000n },
    preset: '100',
    meaning: 'Share of a disk when groups beside it want more than it gives.',
    threaded: false,
    v1: [
      weights({
        file: 'blkio.bfq.weight',
        devicesFile: 'blkio.bfq.weight_device',
        preset: '100',
        since: '4.12',
        read: same,
        write: bfqWeightOf,
        prefix: '',
      }),
      weights({
        file: 'blkio.weight',
        devicesFile: 'blkio.weight_device',
        preset: '500',
        since: '2.6.33',
        until: '5.0',
        read: ioWeightOfBlkio,
        write: blkioOfIoWeight,
        prefix: '',
      }),
    ],
    v2: [
      weights({ file: 'io.weight', devicesFile: 'io.weight', preset: '100', since: '4.5', read: same, write: same, prefix: 'default ' }),
      weights({
        file: 'io.bfq.weight',
        devicesFile: 'io.bfq.weight',
        preset: '100',
        since: '4.12',
        read: same,
        write: bfqWeightOf,
        prefix: 'default ',
      }),
    ],
    formulas: [
      {
        to: 'v1',
        formula: 'blkio.bfq.weight = io.weight, at most 1000; blkio.weight = 10 + round((io.weight - 1) × 990 / 9999)',
        source: 'block/bfq-cgroup.c, bfq_io_set_weight_legacy; the inverse of runc, ConvertBlkIOToIOWeightValue',
        lost: 'Weights above 1000; with blkio.weight, steps of 10.',
      },
      {
        to: 'v2',
        formula: 'io.weight = blkio.bfq.weight; io.weight = 1 + (blkio.weight - 10) × 9999 / 990',
        source: 'block/bfq-cgroup.c, bfq_io_set_weight; runc, ConvertBlkIOToIOWeightValue',
        lost: 'io.weight is the iocost controller: it acts where io.cost.qos is enabled, io.bfq.weight where BFQ schedules the disk.',
      },
    ],
  },
  {
    key: 'io.max',
    controller: 'io',
    legacyController: 'blkio',
    model: 'limit',
    kind: 'device-limits',
    unit: 'bytes/s and operations/s',
    preset: '',
    meaning: 'Most bytes and operations a second, to read and to write, of each device.',
    threaded: false,
    v1: [legacyMax],
    v2: [unifiedMax],
    formulas: [
      {
        to: 'v1',
        formula: 'blkio.throttle.{read,write}_{bps,iops}_device = rbps, wbps, riops, wiops (max is 0)',
        source: 'block/blk-throttle.c, tg_set_conf',
        lost: "v1 throttles what goes to the disk at once; pages that are written back later are nobody's (admin-guide/cgroup-v1/blkio-controller.rst).",
      },
      { to: 'v2', formula: 'the same numbers, 0 is max', source: 'block/blk-throttle.c, tg_set_limit' },
    ],
  },
  {
    key: 'io.latency',
    controller: 'io',
    legacyController: 'blkio',
    model: 'protection',
    kind: 'device-targets',
    unit: 'usec',
    preset: '',
    meaning: 'Latency that is held for it, at the cost of groups beside it.',
    threaded: false,
    v1: [],
    v2: [latency],
    formulas: [],
    elsewhere: 'v1 has none.',
  },
  {
    key: 'io.prio.class',
    controller: 'io',
    legacyController: 'blkio',
    model: 'weight',
    kind: 'choice',
    choices: classes,
    preset: 'no-change',
    meaning: 'What the I/O priority of its tasks becomes.',
    threaded: false,
    v1: [priorityClass('blkio.prio.class')],
    v2: [priorityClass('io.prio.class')],
    formulas: [
      { to: 'v1', formula: 'blkio.prio.class = io.prio.class', source: 'block/blk-ioprio.c, ioprio_set_prio_policy' },
      { to: 'v2', formula: 'io.prio.class = blkio.prio.class', source: 'block/blk-ioprio.c, ioprio_set_prio_policy' },
    ],
  },
];
