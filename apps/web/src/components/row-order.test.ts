import { expect, it } from 'vitest';
import { heldOrder } from './row-order.ts';

const idOf = (row: string) => row;

it('keeps rows where they are, puts new ones first and lets the gone go', () => {
  expect(heldOrder(['a', 'b', 'c'], ['c', 'd', 'a'], idOf)).toEqual(['d', 'a', 'c']);
});

it('takes any order when nothing was shown before', () => {
  expect(heldOrder([], ['b', 'a'], idOf)).toEqual(['b', 'a']);
});
