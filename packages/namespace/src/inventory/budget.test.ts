import { expect, it } from 'vitest';
import { Budget } from './budget.ts';

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
