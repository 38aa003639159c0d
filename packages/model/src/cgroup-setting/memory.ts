import { Problem } from '../problem.ts';
import { inOtherWords, sameFile } from './dialect.ts';
import type { CgroupDialect, CgroupSetting, HeldFiles, KernelWrite } from './types.ts';
import { isNoLimit, parseBytesText } from './value.ts';

/** What v1 tells where there is no limit: PAGE_COUNTER_MAX whole pages of 4 KiB. */
const unlimited = '9223372036854771712';

function legacyBytes(file: string, text: string): bigint | 'max' {
  if (text === '-1') return 'max';
  const bytes = parseBytesText(text);
  if (bytes === undefined) throw new Problem('invalid', `${file} holds ${JSON.stringify(text.slice(0, 100))}`);
  return isNoLimit(bytes) ? 'max' : bytes;
}

const limitFile = 'memory.limit_in_bytes';
const memswFile = 'memory.memsw.limit_in_bytes';

/** Memory, and memory with swap, as v1 holds them; memsw is undefined where the kernel counts no swap. */
function legacyMemory(held: HeldFiles): { memory: bigint | 'max'; memsw: bigint | 'max' | undefined } {
  const memsw = held(memswFile);
  return {
    memory: legacyBytes(limitFile, held(limitFile) ?? unlimited),
    memsw: memsw === undefined ? undefined : legacyBytes(memswFile, memsw),
  };
}

const write = (file: string, value: bigint | 'max', held: HeldFiles): KernelWrite[] => {
  const text = value === 'max' ? '-1' : String(value);
  const before = held(file);
  if (before !== undefined && legacyBytes(file, before) === value) return [];
  return [{ file, value: text, undo: before ?? '-1' }];
};

const atLeast = (left: bigint | 'max', right: bigint | 'max'): boolean => left === 'max' || (right !== 'max' && left >= right);

/** Memory is never to be more than memory with swap: what grows first is the sum, what shrinks first is the part. */
function writeBoth(memory: bigint | 'max', memsw: bigint | 'max' | undefined, held: HeldFiles): KernelWrite[] {
  if (memsw === undefined) return write(limitFile, memory, held);
  const before = legacyMemory(held);
  return atLeast(memsw, before.memsw ?? 'max')
    ? [...write(memswFile, memsw, held), ...write(limitFile, memory, held)]
    : [...write(limitFile, memory, held), ...write(memswFile, memsw, held)];
}

const legacyMax: CgroupDialect = {
  files: [
    { name: limitFile, preset: unlimited },
    { name: memswFile, preset: unlimited },
  ],
  since: '2.6.25',
  read: (held) => String(legacyMemory(held).memory),
  write(value, held) {
    const before = legacyMemory(held);
    const memory = value === 'max' ? 'max' : BigInt(value);
    if (before.memsw === undefined) return writeBoth(memory, undefined, held);
    // Swap is a limit of its own on v2: it stays what it was.
    const swap = before.memsw === 'max' || before.memory === 'max' ? 'max' : before.memsw - before.memory;
    return writeBoth(memory, memory === 'max' || swap === 'max' ? 'max' : memory + swap, held);
  },
};

const legacySwap: CgroupDialect = {
  files: [
    { name: memswFile, preset: unlimited },
    { name: limitFile, preset: unlimited },
  ],
  since: '2.6.29',
  read(held) {
    const { memory, memsw } = legacyMemory(held);
    return memsw === undefined || memsw === 'max' || memory === 'max' ? 'max' : String(memsw - memory);
  },
  write(value, held) {
    const { memory } = legacyMemory(held);
    if (value !== 'max' && memory === 'max')
      throw new Problem('invalid', 'memory.swap.max: version 1 limits memory and swap together, and memory has no limit here', {
        remedy: 'Set memory.max as well.',
      });
    return writeBoth(memory, value === 'max' || memory === 'max' ? 'max' : memory + BigInt(value), held);
  },
};

const bytes = (name: string, preset: string, since: string): CgroupDialect => sameFile(name, preset, since);

const killing: CgroupDialect = {
  files: [{ name: 'memory.oom_control', preset: 'oom_kill_disable 0\nunder_oom 0\noom_kill 0' }],
  since: '2.6.34',
  read(held) {
    const flag = /^oom_kill_disable ([01])$/m.exec(held('memory.oom_control') ?? '')?.[1];
    if (flag === undefined)
      throw new Problem('invalid', `memory.oom_control holds ${JSON.stringify(held('memory.oom_control')?.slice(0, 100))}`);
    return flag;
  },
  write(value, held) {
    const before = killing.read(held);
    return before === value ? [] : [{ file: 'memory.oom_control', value, undo: before }];
  },
};

const softLimit = inOtherWords('memory.soft_limit_in_bytes', unlimited, '2.6.32', {
  read: (text) => String(legacyBytes('memory.soft_limit_in_bytes', text)),
  write: (value) => (value === 'max' ? '-1' : value),
});

const tcpLimit = inOtherWords('memory.kmem.tcp.limit_in_bytes', unlimited, '3.3', {
  read: (text) => String(legacyBytes('memory.kmem.tcp.limit_in_bytes', text)),
  write: (value) => (value === 'max' ? '-1' : value),
});

const common = { controller: 'memory', kind: 'bytes-or-max', unit: 'bytes', threaded: false } as const;

/** Memory and swap. */
export const memorySettings: readonly CgroupSetting[] = [
  {
    ...common,
    key: 'memory.max',
    model: 'limit',
    preset: 'max',
    meaning: 'Most memory it may hold; where nothing can be freed, the OOM killer ends a process.',
    v1: [legacyMax],
    v2: [bytes('memory.max', 'max', '4.5')],
    formulas: [
      {
        to: 'v1',
        formula: 'memory.limit_in_bytes = memory.max (max is -1); memory.memsw.limit_in_bytes moves with it, so that swap stays',
        source: 'mm/memcontrol-v1.c, mem_cgroup_resize_max',
        lost: 'v1 refuses less than is in use and cannot be freed (EBUSY); v2 takes it, and the OOM killer makes room.',
      },
      { to: 'v2', formula: 'memory.max = memory.limit_in_bytes', source: 'mm/memcontrol.c, memory_max_write' },
    ],
  },
  {
    ...common,
    key: 'memory.swap.max',
    model: 'limit',
    preset: 'max',
    meaning: 'Most swap it may use.',
    v1: [legacySwap],
    v2: [bytes('memory.swap.max', 'max', '4.5')],
    formulas: [
      {
        to: 'v1',
        formula: 'memory.memsw.limit_in_bytes = memory.limit_in_bytes + memory.swap.max',
        source: 'admin-guide/cgroup-v1/memory.rst, section 2.4; runc, ConvertMemorySwapToCgroupV2Value',
        lost: 'v1 limits the sum: what is not used of the memory may be swap. Without a limit of memory there is none of swap.',
      },
      {
        to: 'v2',
        formula: 'memory.swap.max = memory.memsw.limit_in_bytes - memory.limit_in_bytes',
        source: 'runc, ConvertMemorySwapToCgroupV2Value',
        lost: 'The sum as a limit.',
      },
    ],
  },
  {
    ...common,
    key: 'memory.high',
    model: 'limit',
    preset: 'max',
    meaning: 'Above it, its processes are slowed down and must free memory; nobody is killed.',
    v1: [],
    v2: [bytes('memory.high', 'max', '4.5')],
    formulas: [],
    elsewhere: 'v1 has none. memory.soft_limit_in_bytes is another thing: it does nothing until the whole host is short of memory.',
  },
  {
    ...common,
    key: 'memory.low',
    model: 'protection',
    preset: '0',
    meaning: 'Memory up to this is taken from it only where nothing else can be freed.',
    v1: [],
    v2: [bytes('memory.low', '0', '4.5')],
    formulas: [],
    elsewhere: 'v1 protects no group; the nearest is a soft limit for all others.',
  },
  {
    ...common,
    key: 'memory.min',
    model: 'protection',
    preset: '0',
    meaning: 'Memory up to this is never taken from it; rather, the OOM killer runs.',
    v1: [],
    v2: [bytes('memory.min', '0', '4.18')],
    formulas: [],
    elsewhere: 'v1 protects no group; the nearest is a soft limit for all others.',
  },
  {
    ...common,
    key: 'memory.swap.high',
    model: 'limit',
    preset: 'max',
    meaning: 'Above this use of swap its processes are slowed down.',
    v1: [],
    v2: [bytes('memory.swap.high', 'max', '5.8')],
    formulas: [],
    elsewhere: 'v1 has none.',
  },
  {
    ...common,
    key: 'memory.zswap.max',
    model: 'limit',
    preset: 'max',
    meaning: 'Most memory its compressed swap may take.',
    v1: [],
    v2: [bytes('memory.zswap.max', 'max', '5.19')],
    formulas: [],
    elsewhere: 'v1 has none.',
  },
  {
    key: 'memory.oom.group',
    controller: 'memory',
    model: 'limit',
    kind: 'flag',
    preset: '0',
    meaning: '1: where the OOM killer hits one of its processes, all of it is ended.',
    threaded: false,
    v1: [],
    v2: [sameFile('memory.oom.group', '0', '4.19')],
    formulas: [],
    elsewhere: 'v1 has none. memory.oom_control is another thing: it stops the killer.',
  },
  {
    ...common,
    key: 'memory.soft_limit_in_bytes',
    model: 'limit',
    preset: 'max',
    meaning: 'Where the host is short of memory, what is above this is taken first.',
    v1: [softLimit],
    v2: [],
    formulas: [
      {
        to: 'v2',
        formula: 'none',
        source: 'cgroup-v2.rst, "Issues with v1 and Rationales for v2": replaced by memory.low of the others',
        lost: 'All of it. It is no memory.high, which slows the group down at any time.',
      },
    ],
    elsewhere: 'memory.low of the groups that are to be spared.',
  },
  {
    key: 'memory.swappiness',
    controller: 'memory',
    model: 'weight',
    kind: 'number',
    range: { least: 0n, greatest: 200n },
    preset: '60',
    meaning: 'How readily its memory is swapped out, against dropping what files have cached.',
    threaded: false,
    v1: [sameFile('memory.swappiness', '60', '2.6.29')],
    v2: [],
    formulas: [],
    elsewhere:
      'v2 has it for the whole host (vm.swappiness), and for one reclaim through memory.reclaim. The range is 0 to 100 before Linux 5.8.',
  },
  {
    key: 'memory.oom_control',
    controller: 'memory',
    model: 'limit',
    kind: 'flag',
    preset: '0',
    meaning: '1: no OOM killer; its processes stand still until there is memory.',
    threaded: false,
    v1: [killing],
    v2: [],
    formulas: [],
    elsewhere: 'v2 has none: memory.high slows down and kills nobody.',
  },
  {
    ...common,
    key: 'memory.kmem.tcp.limit_in_bytes',
    model: 'limit',
    preset: 'max',
    meaning: 'Most memory the buffers of its TCP sockets may take.',
    v1: [tcpLimit],
    v2: [],
    formulas: [],
    elsewhere: 'v2 counts the buffers as memory: memory.max holds for both together.',
  },
];
