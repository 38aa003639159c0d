import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Coalescer } from './coalescer.ts';

let told: [string, number][];
let coalescer: Coalescer<number>;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  told = [];
  coalescer = new Coalescer({ tell: (key, item) => told.push([key, item]), merge: (before, item) => before + item, mostPerSecond: 5 });
});
afterEach(() => {
  coalescer[Symbol.dispose]();
  vi.useRealTimers();
});

it('the first is told at once, and what follows within the second as one', () => {
  for (let each = 0; each < 10; each += 1) coalescer.add('a', 1);
  expect(told).toEqual([['a', 1]]);
  vi.advanceTimersByTime(1000);
  expect(told).toEqual([
    ['a', 1],
    ['a', 9],
  ]);
});

it('a storm that goes on is told seldomer, and none of it is lost', () => {
  for (let msec = 0; msec < 600_000; msec += 100) {
    coalescer.add('a', 1);
    vi.advanceTimersByTime(100);
  }
  vi.advanceTimersByTime(120_000);
  expect(told.length).toBeLessThan(25);
  expect(told.reduce((sum, [, count]) => sum + count, 0)).toBe(6000);
});

it('after a calm the next is told at once again', () => {
  coalescer.add('a', 1);
  vi.advanceTimersByTime(5000);
  coalescer.add('a', 1);
  expect(told).toHaveLength(2);
});

it('many at once are told so many a second, none lost', () => {
  for (let each = 0; each < 23; each += 1) coalescer.add(`group ${each}`, 1);
  expect(told).toHaveLength(5);
  vi.advanceTimersByTime(20_000);
  expect(new Set(told.map(([key]) => key)).size).toBe(23);
  expect(told).toHaveLength(23);
});

it('what waits is told when nothing will follow', () => {
  coalescer.add('a', 1);
  coalescer.add('a', 2);
  coalescer.flush('a');
  expect(told).toEqual([
    ['a', 1],
    ['a', 2],
  ]);
});
