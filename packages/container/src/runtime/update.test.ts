import { LimitChanges } from '@bulkhead/model';
import { expect, test } from 'vitest';
import { changedLimits, settingsOf } from './update.ts';

test('limits are settings of the cgroup, and what is not named is none of them', () => {
  expect(settingsOf({ memoryMaxBytes: 67_108_864, cpuMaxMillis: 1500, pidsMax: 'max' })).toEqual([
    { key: 'memory.max', value: '67108864' },
    { key: 'cpu.max', value: '150000 100000' },
    { key: 'pids.max', value: 'max' },
  ]);
  expect(settingsOf({ cpuMaxMillis: 'max' })).toEqual([{ key: 'cpu.max', value: 'max 100000' }]);
  expect(settingsOf({ cpuWeight: 50 })).toEqual([{ key: 'cpu.weight', value: '50' }]);
});

test('a limit that is lifted is none, and what is not named stays', () => {
  expect(changedLimits({ memoryMaxBytes: 1_048_576, pidsMax: 5 }, { memoryMaxBytes: 'max', cpuWeight: 20, pidsMax: undefined })).toEqual({
    pidsMax: 5,
    cpuWeight: 20,
  });
});

test.each([{}, { memoryMaxBytes: 100 }, { cpuMaxMillis: 0 }, { pidsMax: 0 }, { cpuWeight: 'max' }])('%j changes nothing', (changes) => {
  expect(LimitChanges.safeParse(changes).success).toBe(false);
});
