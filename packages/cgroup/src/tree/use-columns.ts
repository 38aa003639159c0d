import type { CgroupUse } from '@bulkhead/model';

/** Columns of use, in the order in which they stand in a row of numbers. NaN in one: not measured. */
export const useColumns = [
  'cpuMillis',
  'throttled',
  'memoryBytes',
  'ioReadBytesPerSecond',
  'ioWriteBytesPerSecond',
  'pids',
  'cpuSome',
  'memorySome',
  'memoryFull',
  'ioSome',
  'ioFull',
] as const;
export type UseColumn = (typeof useColumns)[number];

/** How finely a figure is told: what lies below says nothing, and would make every second differ from the one before. */
const decimals: Record<UseColumn, number> = {
  cpuMillis: 2,
  throttled: 3,
  memoryBytes: 0,
  ioReadBytesPerSecond: 0,
  ioWriteBytesPerSecond: 0,
  pids: 0,
  cpuSome: 4,
  memorySome: 4,
  memoryFull: 4,
  ioSome: 4,
  ioFull: 4,
};
const factors = useColumns.map((column) => 10 ** decimals[column]);
const firstPressure = useColumns.indexOf('cpuSome');

/** A row of numbers as the model has it. */
export function toUse(row: ArrayLike<number>): CgroupUse {
  const use: Record<string, number> = {};
  const pressure: Record<string, number> = {};
  let hasPressure = false;
  for (let column = 0; column < useColumns.length; column += 1) {
    const value = row[column] as number;
    if (Number.isNaN(value)) continue;
    const factor = factors[column] as number;
    const told = Math.round(value * factor) / factor;
    const isPressure = column >= firstPressure;
    hasPressure ||= isPressure;
    (isPressure ? pressure : use)[useColumns[column] as string] = told;
  }
  return hasPressure ? { ...use, pressure } : use;
}
