import { expect, it } from 'vitest';
import { Onset } from './onset.ts';

const begins = (shares: number[]): number[] => {
  const onset = new Onset({ on: 0.5, off: 0.1, onSeconds: 3, offSeconds: 2 });
  return shares.flatMap((share, second) => (onset.take(share) ? [second] : []));
};

it('is told once, after it has lasted', () => {
  expect(begins([0.6, 0.6, 0, 0.6, 0.6, 0.6, 0.9, 0.9, 0.9, 0.9])).toEqual([5]);
});

it('is told again only after it was over for a while', () => {
  const high = [0.6, 0.6, 0.6];
  expect(begins([...high, 0, 0.3, ...high])).toEqual([2]);
  expect(begins([...high, 0, 0, ...high])).toEqual([2, 7]);
});

it('is neither begun nor ended by a second that was not measured', () => {
  expect(begins([0.6, Number.NaN, 0.6, Number.NaN, 0.6])).toEqual([4]);
});
