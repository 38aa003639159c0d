import { counterOf, FormatError, parseNestedKeyed } from '../formats.ts';
import type { CounterFile } from '../reader.ts';

type StallField = 'cpuStalledUsec' | 'memoryStalledUsec' | 'ioStalledUsec';

const stallFile = (file: string, field: StallField): CounterFile => ({
  file,
  parse(text, reading) {
    const some = parseNestedKeyed(text).get('some');
    const total = some === undefined ? undefined : counterOf(some, 'total');
    if (total === undefined) throw new FormatError('some avg10= avg60= avg300= total=', text);
    reading[field] = total;
  },
});

/** Time in which some task of the group waited for a resource (cgroup-v2.rst, accounting/psi.rst). */
export const pressureFiles: readonly CounterFile[] = [
  stallFile('cpu.pressure', 'cpuStalledUsec'),
  stallFile('memory.pressure', 'memoryStalledUsec'),
  stallFile('io.pressure', 'ioStalledUsec'),
];
