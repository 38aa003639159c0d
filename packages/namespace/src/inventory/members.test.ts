import { expect, it } from 'vitest';
import { Members } from './members.ts';

const aged = (pid: number, startTimeTicks: number) => ({ pid, startTimeTicks });

it('has the oldest at hand, from none over one to many and back', () => {
  const members = new Members<{ pid: number; startTimeTicks: number }>();
  const [first, second, third] = [aged(10, 300), aged(11, 200), aged(12, 200)];
  expect([members.size, members.oldest, [...members]]).toEqual([0, undefined, []]);
  members.add(first);
  members.add(first);
  expect([members.size, members.oldest, [...members], members.has(first)]).toEqual([1, first, [first], true]);
  // Another process under the same number is not the one.
  expect(members.has(aged(10, 300))).toBe(false);
  members.remove(aged(10, 300));
  expect(members.size).toBe(1);
  members.add(third);
  members.add(second);
  expect([members.size, members.oldest]).toEqual([3, second]);
  members.remove(second);
  expect(members.oldest).toBe(third);
  members.remove(third);
  members.remove(first);
  expect([members.size, members.oldest, [...members]]).toEqual([0, undefined, []]);
  members.add(second);
  expect(members.oldest).toBe(second);
});
