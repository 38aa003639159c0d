import { expect, it } from 'vitest';
import { Budget, Pace } from './budget.ts';

/** A day in which each step takes one millisecond of a processor, and as long as is said on the wall. */
function day() {
  const clocks = { wall: 0, cpu: 0 };
  const budget = new Budget(0.01, 5, { now: () => clocks.wall, cpu: () => clocks.cpu });
  const spend = (todo = Number.POSITIVE_INFINITY): number => {
    let steps = 0;
    budget.spend(() => {
      steps += 1;
      clocks.cpu += 1;
      return steps < todo;
    });
    return steps;
  };
  return { clocks, spend };
}

it('spends what there is to do, and no more than its bound at a time', () => {
  const { spend } = day();
  expect(spend(2)).toBe(2);
  expect(spend()).toBe(3);
  expect(spend()).toBe(0);
});

it('gets its share of the time that passes, and keeps no more than the bound', () => {
  const { clocks, spend } = day();
  spend();
  clocks.wall += 200;
  expect(spend()).toBe(2);
  clocks.wall += 1_000_000;
  expect(spend()).toBe(5);
});

it('saves afterwards what one long step took too much', () => {
  const { clocks, spend } = day();
  spend();
  clocks.wall += 100;
  expect(spend()).toBe(1);
  clocks.cpu += 0;
  clocks.wall += 50;
  expect(spend()).toBe(1);
  clocks.wall += 50;
  expect(spend()).toBe(0);
});

it('lets a chore that is done to its end begin again so much later as it took', () => {
  const clocks = { wall: 0, cpu: 0 };
  const pace = new Pace(0.1, { now: () => clocks.wall, cpu: () => clocks.cpu });
  expect(pace.isDue).toBe(true);
  const part = (msec: number): number =>
    pace.spend(() => {
      clocks.cpu += msec;
      return msec;
    });
  expect([part(3), part(2)]).toEqual([3, 2]);
  expect(() =>
    pace.spend(() => {
      clocks.cpu += 1;
      throw new Error('x');
    }),
  ).toThrow('x');
  pace.end();
  clocks.wall += 53;
  expect(pace.isDue).toBe(false);
  clocks.wall += 1;
  expect(pace.isDue).toBe(true);
  // What took nothing may begin again at once.
  pace.end();
  expect(pace.isDue).toBe(true);
});
