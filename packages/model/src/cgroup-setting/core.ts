import { Problem } from '../problem.ts';
import { type DeviceRule, formatDeviceList, parseDeviceList } from './device-rules.ts';
import { inOtherWords, readOnlyFile, sameFile } from './dialect.ts';
import type { CgroupDialect, CgroupSetting, KernelWrite } from './types.ts';
import { isNoLimit, parseBytesText, parseClass, parsePairs } from './value.ts';

/** The most pids of a kernel of 64 bits (include/linux/threads.h, PID_MAX_LIMIT). */
const mostPids = 4_194_304n;

/** State asked for, not the one reached: that is freezer.state, and FREEZING on the way. */
const freezer: CgroupDialect = {
  files: [
    { name: 'freezer.state', preset: 'THAWED' },
    { name: 'freezer.self_freezing', preset: '0' },
  ],
  since: '2.6.28',
  read(held) {
    const own = held('freezer.self_freezing');
    if (own === '0' || own === '1') return own;
    return (held('freezer.state') ?? 'THAWED') === 'THAWED' ? '0' : '1';
  },
  write(value, held) {
    const before = freezer.read(held);
    const word = (flag: string) => (flag === '1' ? 'FROZEN' : 'THAWED');
    return before === value ? [] : [{ file: 'freezer.state', value: word(value), undo: word(before) }];
  },
};

const classOf = (text: string): string => {
  const id = parseClass(text);
  if (id === undefined) throw new Problem('invalid', `net_cls.classid holds ${JSON.stringify(text.slice(0, 100))}`);
  return id;
};
const classNumber = (id: string): string => {
  const [major = '0', minor = '0'] = id.split(':');
  return `0x${(Number.parseInt(major, 16) * 0x1_0000 + Number.parseInt(minor, 16)).toString(16)}`;
};

const priorities: CgroupDialect = {
  files: [{ name: 'net_prio.ifpriomap', preset: '' }],
  since: '3.3',
  read: (held) => held('net_prio.ifpriomap') ?? '',
  write(value, held) {
    const before = parsePairs(held('net_prio.ifpriomap') ?? '') ?? new Map<string, string>();
    return [...(parsePairs(value) ?? [])].flatMap(([name, priority]) =>
      before.get(name) === priority
        ? []
        : [{ file: 'net_prio.ifpriomap', value: `${name} ${priority}`, undo: `${name} ${before.get(name) ?? '0'}` }],
    );
  },
};

const linesOf = ({ type, major, minor, access }: DeviceRule): string => `${type} ${major}:${minor} ${access}`;

/** devices.list: `a *:* rwm`, or what is allowed, a line each. Exceptions from "all" are in force and not told. */
const devices: CgroupDialect = {
  files: [
    { name: 'devices.list', preset: 'a *:* rwm' },
    { name: 'devices.allow', preset: '' },
    { name: 'devices.deny', preset: '' },
  ],
  since: '2.6.26',
  read(held) {
    const lines = (held('devices.list') ?? '').split('\n').filter((line) => line !== '');
    const list = parseDeviceList(['deny a', ...lines.map((line) => `allow ${line}`)].join('\n'));
    if (list === undefined) throw new Problem('invalid', `devices.list holds ${JSON.stringify(held('devices.list')?.slice(0, 100))}`);
    return formatDeviceList(list);
  },
  write(value, held) {
    const wanted = parseDeviceList(value);
    const before = parseDeviceList(devices.read(held));
    if (wanted === undefined || before === undefined)
      throw new Problem('invalid', `devices: ${JSON.stringify(value.slice(0, 100))} is no list`);
    const allow = (line: string): { file: string; value: string } => ({ file: 'devices.allow', value: line });
    const deny = (line: string): { file: string; value: string } => ({ file: 'devices.deny', value: line });
    const [except, withdraw] = wanted.allowed ? [deny, allow] : [allow, deny];
    const exceptions = (lines: readonly string[]): KernelWrite[] => lines.map((line) => ({ ...except(line), undo: [withdraw(line)] }));
    const wantedLines = wanted.exceptions.map(linesOf);
    const heldLines = before.exceptions.map(linesOf);
    if (wanted.allowed !== before.allowed) {
      const undo = wanted.allowed ? [deny('a'), ...heldLines.map(allow)] : [allow('a')];
      return [{ ...(wanted.allowed ? allow : deny)('a'), undo }, ...exceptions(wantedLines)];
    }
    // Exceptions from "all" are not told: those that are asked for are made, whether they are there or not.
    return [
      ...heldLines.filter((line) => !wantedLines.includes(line)).map((line) => ({ ...withdraw(line), undo: [except(line)] })),
      ...exceptions(wantedLines.filter((line) => !heldLines.includes(line))),
    ];
  },
};

const hugeBytes = (file: string) => ({
  read(text: string): string {
    const bytes = parseBytesText(text);
    if (text === 'max' || text === '-1') return 'max';
    if (bytes === undefined) throw new Problem('invalid', `${file} holds ${JSON.stringify(text.slice(0, 100))}`);
    return isNoLimit(bytes) ? 'max' : String(bytes);
  },
  write: (value: string): string => (value === 'max' ? '-1' : value),
});

/** Sizes of huge pages as their files are named: `2MB`, `1GB`, `64KB`. */
export const hugePageSize = /^\d{1,4}[KMG]B$/;

/** Limits of huge pages of one size: of those in use, and of those set aside for a mapping. */
export function hugetlbSettings(size: string): CgroupSetting[] {
  return (
    [
      ['', 'Most memory it may hold in huge pages of this size.', '5.6', '3.6'],
      ['rsvd.', 'Most memory it may have set aside for mappings of huge pages of this size.', '5.7', '5.7'],
    ] as const
  ).map(([middle, meaning, since, legacySince]) => ({
    key: `hugetlb.${size}.${middle}max`,
    controller: 'hugetlb',
    model: 'limit',
    kind: 'bytes-or-max',
    unit: 'bytes',
    preset: 'max',
    meaning,
    threaded: false,
    v1: [inOtherWords(`hugetlb.${size}.${middle}limit_in_bytes`, '-1', legacySince, hugeBytes(`hugetlb.${size}.${middle}limit_in_bytes`))],
    v2: [
      inOtherWords(`hugetlb.${size}.${middle}max`, 'max', since, {
        ...hugeBytes(`hugetlb.${size}.${middle}max`),
        write: (value: string): string => value,
      }),
    ],
    formulas: [
      {
        to: 'v1',
        formula: `hugetlb.${size}.${middle}limit_in_bytes = hugetlb.${size}.${middle}max (max is -1)`,
        source: 'mm/hugetlb_cgroup.c, hugetlb_cgroup_write',
      },
      {
        to: 'v2',
        formula: `hugetlb.${size}.${middle}max = hugetlb.${size}.${middle}limit_in_bytes`,
        source: 'mm/hugetlb_cgroup.c, hugetlb_cgroup_write',
      },
    ],
  }));
}

/** Processes, devices, the network's marks, and the core. */
export const coreSettings: readonly CgroupSetting[] = [
  {
    key: 'pids.max',
    controller: 'pids',
    model: 'limit',
    kind: 'number-or-max',
    range: { least: 0n, greatest: mostPids },
    preset: 'max',
    meaning: 'Most processes and threads it may have; fork(2) fails beyond.',
    threaded: true,
    v1: [sameFile('pids.max', 'max', '4.3')],
    v2: [sameFile('pids.max', 'max', '4.5')],
    formulas: [
      { to: 'v1', formula: 'the same file', source: 'kernel/cgroup/pids.c' },
      { to: 'v2', formula: 'the same file', source: 'kernel/cgroup/pids.c' },
    ],
  },
  {
    key: 'devices',
    controller: 'devices',
    model: 'allocation',
    kind: 'device-rules',
    preset: 'allow a *:* rwm',
    meaning: 'Devices it may open and make.',
    threaded: false,
    v1: [devices],
    v2: [],
    formulas: [
      {
        to: 'v1',
        formula: 'first line: "a" into devices.allow or devices.deny; each further line into the other of both',
        source: 'security/device_cgroup.c, devcgroup_update_access',
        lost: 'Where all are allowed but some, the kernel does not tell which: devices.list says "a *:* rwm".',
      },
      {
        to: 'v2',
        formula: 'a BPF program of type cgroup_device with the same list',
        source: 'cgroup-v2.rst, "Device controller"; kernel/bpf/cgroup.c, __cgroup_bpf_check_dev_permission',
        lost: 'There is no file: the list is read back from a program that is ours, others are counted.',
      },
    ],
  },
  {
    key: 'cgroup.freeze',
    controller: 'cgroup',
    legacyController: 'freezer',
    model: 'allocation',
    kind: 'flag',
    preset: '0',
    meaning: '1: all of its processes, and of the groups below, stand still.',
    threaded: true,
    v1: [freezer],
    v2: [sameFile('cgroup.freeze', '0', '5.2')],
    formulas: [
      {
        to: 'v1',
        formula: 'freezer.state = FROZEN for 1, THAWED for 0; read from freezer.self_freezing',
        source: 'admin-guide/cgroup-v1/freezer-subsystem.rst',
        lost: 'A process that v1 froze cannot be killed or traced until it is thawed; on v2 it can.',
      },
      { to: 'v2', formula: 'cgroup.freeze = freezer.self_freezing', source: 'kernel/cgroup/freezer.c; kernel/cgroup/legacy_freezer.c' },
    ],
  },
  {
    key: 'cgroup.max.descendants',
    controller: 'cgroup',
    model: 'limit',
    kind: 'number-or-max',
    range: { least: 0n, greatest: 2n ** 31n - 1n },
    preset: 'max',
    meaning: 'Most groups that may be below it.',
    threaded: true,
    v1: [],
    v2: [sameFile('cgroup.max.descendants', 'max', '4.14')],
    formulas: [],
    elsewhere: 'v1 has none.',
  },
  {
    key: 'cgroup.max.depth',
    controller: 'cgroup',
    model: 'limit',
    kind: 'number-or-max',
    range: { least: 0n, greatest: 2n ** 31n - 1n },
    preset: 'max',
    meaning: 'How deep groups below it may be nested.',
    threaded: true,
    v1: [],
    v2: [sameFile('cgroup.max.depth', 'max', '4.14')],
    formulas: [],
    elsewhere: 'v1 has none.',
  },
  {
    key: 'cgroup.pressure',
    controller: 'cgroup',
    model: 'allocation',
    kind: 'flag',
    preset: '1',
    meaning: '0: its pressure is not measured.',
    threaded: true,
    v1: [],
    v2: [sameFile('cgroup.pressure', '1', '6.1')],
    formulas: [],
    elsewhere: 'v1 measures no pressure of groups.',
  },
  {
    key: 'cgroup.type',
    controller: 'cgroup',
    model: 'readable',
    kind: 'text',
    preset: 'domain',
    meaning: 'domain, domain threaded, domain invalid or threaded.',
    threaded: true,
    v1: [],
    v2: [readOnlyFile('cgroup.type', '4.14', 'domain')],
    formulas: [],
    elsewhere: 'On v1 threads may be anywhere.',
  },
  {
    key: 'notify_on_release',
    controller: 'cgroup',
    model: 'readable',
    kind: 'text',
    preset: '0',
    meaning: "1: the hierarchy's release_agent is run when the group becomes empty.",
    threaded: false,
    v1: [readOnlyFile('notify_on_release', '2.6.24', '0')],
    v2: [],
    formulas: [],
    elsewhere: 'populated of cgroup.events, which whoever wants to know can wait for.',
  },
  {
    key: 'net_cls.classid',
    controller: 'net_cls',
    model: 'allocation',
    kind: 'class',
    preset: '0:0',
    meaning: 'Class of tc(8) that its packets are put into.',
    threaded: false,
    v1: [inOtherWords('net_cls.classid', '0', '2.6.29', { read: classOf, write: classNumber })],
    v2: [],
    formulas: [],
    elsewhere: 'nftables tells packets of v2 groups by their path (socket cgroupv2).',
  },
  {
    key: 'net_prio.ifpriomap',
    controller: 'net_prio',
    model: 'allocation',
    kind: 'priorities',
    preset: '',
    meaning: 'Priority of its packets on each interface.',
    threaded: false,
    v1: [priorities],
    v2: [],
    formulas: [],
    elsewhere: 'nftables can set a priority by the path of a v2 group (meta priority).',
  },
  ...(['rdma.max', 'rdma.current', 'misc.max', 'misc.current'] as const).map(
    (key): CgroupSetting => ({
      key,
      controller: key.startsWith('rdma') ? 'rdma' : 'misc',
      model: 'readable',
      kind: 'text',
      preset: '',
      meaning: key.endsWith('max') ? 'Limits, a line for each device or resource.' : 'What is used, a line for each device or resource.',
      threaded: false,
      v1: [readOnlyFile(key, key.startsWith('rdma') ? '4.11' : '5.13')],
      v2: [readOnlyFile(key, key.startsWith('rdma') ? '4.11' : '5.13')],
      formulas: [],
    }),
  ),
];
