import { Problem } from '../problem.ts';
import { inOtherWords, readOnlyFile, sameFile, writeUnlessHeld } from './dialect.ts';
import type { CgroupDialect, CgroupSetting, HeldFiles, KernelWrite } from './types.ts';
import { formatNumberList, parseNumberList, parseQuotaText } from './value.ts';
import { sharesOfWeight, weightOfShares } from './weight.ts';

const periodPreset = '100000';
/** Bits of a quota in microseconds (kernel/sched/core.c, MAX_BW). */
const longestQuotaUsec = 2n ** 44n - 1n;

const garbage = (file: string, text: string): Problem => new Problem('invalid', `${file} holds ${JSON.stringify(text.slice(0, 100))}`);

const shares: CgroupDialect = inOtherWords('cpu.shares', '1024', '2.6.24', {
  read(text) {
    if (!/^\d{1,10}$/.test(text)) throw garbage('cpu.shares', text);
    return String(weightOfShares(Number(text)));
  },
  write: (value) => String(sharesOfWeight(Number(value))),
});
// Shares between two weights are kept as they are where they already mean the weight that is asked for, and put back as they were.
const legacyWeight: CgroupDialect = {
  ...shares,
  write: (value, held) =>
    (shares.write as NonNullable<CgroupDialect['write']>)(value, held).map((write) => ({ ...write, undo: held('cpu.shares') ?? '1024' })),
};

const legacyQuota: CgroupDialect = {
  files: [
    { name: 'cpu.cfs_quota_us', preset: '-1' },
    { name: 'cpu.cfs_period_us', preset: periodPreset },
  ],
  since: '3.2',
  read(held) {
    const quota = held('cpu.cfs_quota_us') ?? '-1';
    const period = held('cpu.cfs_period_us') ?? periodPreset;
    const found = parseQuotaText(`${quota} ${period}`);
    if (found === undefined) throw garbage('cpu.cfs_quota_us', quota);
    return `${found.quotaUsec} ${found.periodUsec}`;
  },
  write(value, held) {
    const wanted = parseQuotaText(value);
    if (wanted === undefined) throw garbage('cpu.max', value);
    const quota = wanted.quotaUsec === 'max' ? '-1' : wanted.quotaUsec;
    const heldPeriod = held('cpu.cfs_period_us') ?? periodPreset;
    const heldQuota = held('cpu.cfs_quota_us') ?? '-1';
    const period = wanted.periodUsec ?? heldPeriod;
    if (period === heldPeriod) return writeUnlessHeld('cpu.cfs_quota_us', quota, held);
    // Between a new period and its quota the ratio of both may be more than the group above has, or less than one below:
    // the kernel refuses either. Without a quota neither can be.
    return [
      ...(heldQuota === '-1' ? [] : [{ file: 'cpu.cfs_quota_us', value: '-1', undo: heldQuota }]),
      { file: 'cpu.cfs_period_us', value: period, undo: heldPeriod },
      ...(quota === '-1' ? [] : [{ file: 'cpu.cfs_quota_us', value: quota, undo: '-1' }]),
    ];
  },
};

const unifiedQuota: CgroupDialect = {
  files: [{ name: 'cpu.max', preset: `max ${periodPreset}` }],
  since: '4.15',
  read: (held) => held('cpu.max') ?? `max ${periodPreset}`,
  write(value, held) {
    const wanted = parseQuotaText(value);
    const before = parseQuotaText(held('cpu.max') ?? `max ${periodPreset}`);
    if (wanted === undefined || before === undefined) throw garbage('cpu.max', held('cpu.max') ?? value);
    return writeUnlessHeld('cpu.max', `${wanted.quotaUsec} ${wanted.periodUsec ?? before.periodUsec ?? periodPreset}`, held);
  },
};

/** The kernel's -1 of real time is none. */
const realTime = inOtherWords('cpu.rt_runtime_us', '0', '2.6.25', {
  read: (text) => (text === '-1' ? 'max' : text),
  write: (value) => (value === 'max' ? '-1' : value),
});

const list = (name: string, preset: string, since: string): CgroupDialect => ({
  files: [{ name, preset }],
  since,
  read(held) {
    const numbers = parseNumberList(held(name) ?? preset);
    if (numbers === undefined) throw garbage(name, held(name) ?? '');
    return formatNumberList(numbers);
  },
  write(value: string, held: HeldFiles): KernelWrite[] {
    // An empty write(2) is none: the kernel takes a line end for an empty list.
    return writeUnlessHeld(name, value, held).map((write) => ({
      ...write,
      value: write.value === '' ? '\n' : write.value,
      ...(write.undo === '' ? { undo: '\n' } : {}),
    }));
  },
});

/** Processor time and on which processors. */
export const cpuSettings: readonly CgroupSetting[] = [
  {
    key: 'cpu.weight',
    controller: 'cpu',
    model: 'weight',
    kind: 'number',
    range: { least: 1n, greatest: 10_000n },
    preset: '100',
    meaning: 'Share of the CPU time when groups beside it want more than there is.',
    threaded: true,
    v1: [legacyWeight],
    v2: [sameFile('cpu.weight', '100', '4.15')],
    formulas: [
      {
        to: 'v1',
        formula: 'cpu.shares = round(cpu.weight × 1024 / 100)',
        source: 'kernel/sched/sched.h, sched_weight_from_cgroup',
      },
      {
        to: 'v2',
        formula: 'cpu.weight = round(cpu.shares × 100 / 1024), within 1 to 10000',
        source: 'kernel/sched/sched.h, sched_weight_to_cgroup',
        lost: 'Shares between two weights (10 a step), and those above 102400: they come back as the nearest weight. Newer container runtimes use another curve that maps 1024 shares to a weight of 100 as well, and 2 to 1.',
      },
    ],
  },
  {
    key: 'cpu.max',
    controller: 'cpu',
    model: 'limit',
    kind: 'quota',
    unit: 'usec',
    range: { least: 1000n, greatest: longestQuotaUsec },
    preset: `max ${periodPreset}`,
    meaning: 'CPU time it may take in each period, in microseconds.',
    threaded: true,
    v1: [legacyQuota],
    v2: [unifiedQuota],
    formulas: [
      {
        to: 'v1',
        formula: 'cpu.cfs_quota_us = first number (max is -1), cpu.cfs_period_us = second',
        source: 'kernel/sched/core.c, cpu_max_write and tg_set_cfs_bandwidth',
      },
      {
        to: 'v2',
        formula: 'cpu.max = "cpu.cfs_quota_us cpu.cfs_period_us" (-1 is max)',
        source: 'kernel/sched/core.c, cpu_period_quota_print',
        lost: 'v1 refuses a quota above that of the group above; v2 takes it, and the lesser of both holds (kernel/sched/core.c, tg_cfs_schedulable_down).',
      },
    ],
  },
  {
    key: 'cpu.max.burst',
    controller: 'cpu',
    model: 'limit',
    kind: 'number',
    unit: 'usec',
    range: { least: 0n, greatest: longestQuotaUsec },
    preset: '0',
    meaning: 'Unused quota it may save up for a burst, in microseconds; at most its quota.',
    threaded: true,
    v1: [sameFile('cpu.cfs_burst_us', '0', '5.14')],
    v2: [sameFile('cpu.max.burst', '0', '5.14')],
    formulas: [
      { to: 'v1', formula: 'cpu.cfs_burst_us = cpu.max.burst', source: 'kernel/sched/core.c, cpu_burst_write_u64' },
      { to: 'v2', formula: 'cpu.max.burst = cpu.cfs_burst_us', source: 'kernel/sched/core.c, cpu_burst_write_u64' },
    ],
  },
  {
    key: 'cpu.idle',
    controller: 'cpu',
    model: 'weight',
    kind: 'flag',
    preset: '0',
    meaning: '1: runs only where no other group wants the CPU (SCHED_IDLE). Its weight cannot be set meanwhile.',
    threaded: true,
    v1: [sameFile('cpu.idle', '0', '5.15')],
    v2: [sameFile('cpu.idle', '0', '5.15')],
    formulas: [
      { to: 'v1', formula: 'the same file', source: 'kernel/sched/core.c, cpu_idle_write_s64' },
      { to: 'v2', formula: 'the same file', source: 'kernel/sched/core.c, cpu_idle_write_s64' },
    ],
  },
  {
    key: 'cpu.uclamp.min',
    controller: 'cpu',
    model: 'protection',
    kind: 'percent-or-max',
    unit: 'percent',
    preset: '0.00',
    meaning: 'Least CPU speed its tasks ask for, in percent of the most.',
    threaded: true,
    v1: [sameFile('cpu.uclamp.min', '0.00', '5.4')],
    v2: [sameFile('cpu.uclamp.min', '0.00', '5.4')],
    formulas: [],
  },
  {
    key: 'cpu.uclamp.max',
    controller: 'cpu',
    model: 'limit',
    kind: 'percent-or-max',
    unit: 'percent',
    preset: 'max',
    meaning: 'Most CPU speed its tasks ask for, in percent of the most.',
    threaded: true,
    v1: [sameFile('cpu.uclamp.max', 'max', '5.4')],
    v2: [sameFile('cpu.uclamp.max', 'max', '5.4')],
    formulas: [],
  },
  {
    key: 'cpu.rt_runtime_us',
    controller: 'cpu',
    model: 'allocation',
    kind: 'number-or-max',
    unit: 'usec',
    range: { least: 0n, greatest: 2n ** 43n },
    preset: '0',
    meaning: 'Real-time CPU time of its own in each cpu.rt_period_us; a real-time task joins only where it is not 0.',
    threaded: true,
    v1: [realTime],
    v2: [],
    formulas: [],
    elsewhere:
      'v2 hands out no real-time time: while real-time tasks run outside the root, cpu cannot be enabled at all (cgroup-v2.rst, "CPU").',
  },
  {
    key: 'cpu.rt_period_us',
    controller: 'cpu',
    model: 'allocation',
    kind: 'number',
    unit: 'usec',
    range: { least: 1n, greatest: 2n ** 43n },
    preset: '1000000',
    meaning: 'Period of cpu.rt_runtime_us.',
    threaded: true,
    v1: [sameFile('cpu.rt_period_us', '1000000', '2.6.25')],
    v2: [],
    formulas: [],
    elsewhere: 'v2 hands out no real-time time (cgroup-v2.rst, "CPU").',
  },
  {
    key: 'cpuacct.usage_percpu',
    controller: 'cpu',
    legacyController: 'cpuacct',
    model: 'readable',
    kind: 'text',
    preset: '',
    meaning: 'Nanoseconds used on each CPU.',
    threaded: true,
    v1: [readOnlyFile('cpuacct.usage_percpu', '2.6.30')],
    v2: [],
    formulas: [],
    elsewhere: 'v2 counts a group on all CPUs together (cpu.stat).',
  },
  {
    key: 'cpuset.cpus',
    controller: 'cpuset',
    model: 'limit',
    kind: 'list',
    preset: '',
    meaning: 'CPUs it may run on.',
    threaded: true,
    v1: [list('cpuset.cpus', '', '2.6.24')],
    v2: [list('cpuset.cpus', '', '5.0')],
    formulas: [
      {
        to: 'v1',
        formula: 'the same file',
        source: 'admin-guide/cgroup-v1/cpusets.rst',
        lost: 'Empty on v2 is "those of the group above"; on v1 it is "none", and no task can join.',
      },
      {
        to: 'v2',
        formula: 'the same file',
        source: 'cgroup-v2.rst, "Cpuset"',
        lost: 'v1 refuses CPUs that the group above lacks; v2 takes them, and uses those that it has (cpuset.cpus.effective).',
      },
    ],
  },
  {
    key: 'cpuset.mems',
    controller: 'cpuset',
    model: 'limit',
    kind: 'list',
    preset: '',
    meaning: 'Memory nodes it may allocate from.',
    threaded: true,
    v1: [list('cpuset.mems', '', '2.6.24')],
    v2: [list('cpuset.mems', '', '5.0')],
    formulas: [
      { to: 'v1', formula: 'the same file', source: 'admin-guide/cgroup-v1/cpusets.rst', lost: 'As cpuset.cpus.' },
      {
        to: 'v2',
        formula: 'the same file',
        source: 'cgroup-v2.rst, "Cpuset"',
        lost: 'v2 moves memory that is in use to the new nodes; v1 only with cpuset.memory_migrate.',
      },
    ],
  },
  {
    key: 'cpuset.cpus.partition',
    controller: 'cpuset',
    model: 'allocation',
    kind: 'choice',
    choices: ['member', 'root', 'isolated'],
    preset: 'member',
    meaning: 'root: its CPUs are its own, a scheduling domain; isolated: without balancing between them.',
    threaded: false,
    v1: [],
    v2: [
      {
        files: [{ name: 'cpuset.cpus.partition', preset: 'member' }],
        since: '5.0',
        // What cannot be is told behind the word: `root invalid (…)`.
        read: (held) => (held('cpuset.cpus.partition') ?? 'member').split(' ')[0] as string,
        write: (value, held) => writeUnlessHeld('cpuset.cpus.partition', value, (file) => held(file)?.split(' ')[0]),
      },
    ],
    formulas: [
      {
        to: 'v1',
        formula: 'none; the nearest is cpuset.cpu_exclusive = 1 with cpuset.sched_load_balance = 0 in the group above',
        source: 'admin-guide/cgroup-v1/cpusets.rst, sections 1.4 and 1.7',
        lost: 'v1 does not take the CPUs away from the group above.',
      },
    ],
  },
  {
    key: 'cpuset.cpus.exclusive',
    controller: 'cpuset',
    model: 'allocation',
    kind: 'list',
    preset: '',
    meaning: 'CPUs that may become its own, or those of a partition below it.',
    threaded: true,
    v1: [],
    v2: [list('cpuset.cpus.exclusive', '', '6.7')],
    formulas: [],
    elsewhere: 'v1 has cpuset.cpu_exclusive, a flag, which forbids groups beside it to share its CPUs.',
  },
  {
    key: 'cpuset.cpus.effective',
    controller: 'cpuset',
    model: 'readable',
    kind: 'text',
    preset: '',
    meaning: 'CPUs it runs on in fact.',
    threaded: true,
    v1: [readOnlyFile('cpuset.effective_cpus', '3.17')],
    v2: [readOnlyFile('cpuset.cpus.effective', '5.0')],
    formulas: [],
  },
  {
    key: 'cpuset.mems.effective',
    controller: 'cpuset',
    model: 'readable',
    kind: 'text',
    preset: '',
    meaning: 'Memory nodes it allocates from in fact.',
    threaded: true,
    v1: [readOnlyFile('cpuset.effective_mems', '3.17')],
    v2: [readOnlyFile('cpuset.mems.effective', '5.0')],
    formulas: [],
  },
];
