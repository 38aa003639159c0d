import type { HostUse } from '@bulkhead/model';
import { expect, it } from 'vitest';
import { pointOf } from './host-meter.ts';

const use = (second: number, cpuBusyUsec: string): HostUse => ({
  at: new Date(1_700_000_000_000 + second * 1000).toISOString(),
  cpuBusyUsec,
  memoryUsedBytes: '1000',
  processes: [],
});

it('has no CPU in the first reading', () => {
  expect(pointOf(undefined, use(0, '5'))).toEqual({ at: use(0, '5').at, memoryUsedBytes: 1000 });
});

it('is the mean between two readings', () => {
  expect(pointOf(use(0, '1000000'), use(5, '8500000')).cpuMillis).toBe(1500);
});

it('does not compare across a gap or a boot', () => {
  expect(pointOf(use(0, '0'), use(60, '1000')).cpuMillis).toBeUndefined();
  expect(pointOf(use(0, '9000'), use(5, '100')).cpuMillis).toBeUndefined();
});
