import { expect, test } from 'vitest';
import { readLimitChanges } from './update.ts';

test('limits as they are typed, and max for none', () => {
  expect(readLimitChanges({ memory: '256M', cpus: '0.5', pids: 'max' })).toEqual({
    memoryMaxBytes: 268_435_456,
    cpuMaxMillis: 500,
    pidsMax: 'max',
  });
  expect(readLimitChanges({ cpuWeight: '50' })).toEqual({ cpuWeight: 50 });
});

test.each([{}, { memory: 'much' }, { cpus: '-1' }, { cpuWeight: 'max' }])('%j is refused', (options) => {
  expect(() => readLimitChanges(options)).toThrow();
});
