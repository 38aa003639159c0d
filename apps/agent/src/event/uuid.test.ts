import { expect, it } from 'vitest';
import { z } from 'zod';
import { uuid7 } from './uuid.ts';

it('makes UUIDs of version 7 whose order is the order in time', () => {
  const base = Date.now() + 10_000;
  const made = [
    ...Array.from({ length: 10_000 }, () => uuid7(base)),
    ...Array.from({ length: 100 }, (_, index) => uuid7(base + 1000 + index)),
    // A clock set back by a minute.
    ...Array.from({ length: 100 }, () => uuid7(base - 60_000)),
  ];
  expect(made.toSorted()).toEqual(made);
  expect(new Set(made).size).toBe(made.length);
  for (const each of made.slice(0, 50)) expect(z.uuidv7().safeParse(each).success).toBe(true);
});

it('carries its time', () => {
  const later = Date.now() + 100_000_000;
  expect(Number.parseInt(uuid7(later).replaceAll('-', '').slice(0, 12), 16)).toBe(later);
});
