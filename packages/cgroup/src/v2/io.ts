import { counterOf, parseNestedKeyed } from '../formats.ts';
import type { CounterFile } from '../reader.ts';

const keys = { ioReadBytes: 'rbytes', ioWriteBytes: 'wbytes', ioReadOperations: 'rios', ioWriteOperations: 'wios' } as const;

/** io.stat (cgroup-v2.rst, "IO Interface Files"), summed over devices. A group that did no I/O has no lines: 0 of each. */
export const ioFiles: readonly CounterFile[] = [
  {
    file: 'io.stat',
    parse(text, reading) {
      const devices = [...parseNestedKeyed(text).values()];
      for (const [field, key] of Object.entries(keys) as [keyof typeof keys, string][]) {
        let sum = 0n;
        for (const values of devices) sum += BigInt(counterOf(values, key) ?? '0');
        reading[field] = String(sum);
      }
    },
  },
];
