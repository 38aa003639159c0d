import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { LookPlan } from './look-plan.ts';

let plan: LookPlan;
let looks: number[];
let found: number;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  looks = [];
  found = 0;
  plan = new LookPlan(() => {
    looks.push(performance.now());
    return found;
  });
});
afterEach(() => {
  plan[Symbol.dispose]();
  vi.useRealTimers();
});

it('looks at once, and a few times more while nothing is found', () => {
  const begun = performance.now();
  plan.soon('a', 'oomKills');
  vi.advanceTimersByTime(5000);
  expect(looks).toHaveLength(5);
  expect((looks[0] ?? 0) - begun).toBeLessThanOrEqual(3);
  expect((looks.at(-1) ?? 0) - begun).toBeLessThan(1000);
});

it('looks once where something is found', () => {
  found = 1;
  plan.soon('a', 'oomKills');
  vi.advanceTimersByTime(5000);
  expect(looks).toHaveLength(1);
});

it('looks the seldomer the longer a storm goes on, down to once a second', () => {
  found = 1;
  for (let msec = 0; msec < 30_000; msec += 10) {
    plan.soon('a', 'pidsRefusals');
    vi.advanceTimersByTime(10);
  }
  expect(looks.length).toBeLessThan(40);
  expect((looks.at(-1) ?? 0) - (looks.at(-2) ?? 0)).toBeGreaterThanOrEqual(1000);
});

it('does not make one group wait for the storm of another', () => {
  found = 1;
  for (let msec = 0; msec < 5000; msec += 10) {
    plan.soon('storm', 'oomKills');
    vi.advanceTimersByTime(10);
  }
  const before = looks.length;
  plan.soon('calm', 'oomKills');
  vi.advanceTimersByTime(5);
  expect(looks.length).toBeGreaterThan(before);
});

it('does not look at what is gone', () => {
  plan.soon('a', 'oomKills');
  plan.forget('a');
  vi.advanceTimersByTime(5000);
  expect(looks).toEqual([]);
});
