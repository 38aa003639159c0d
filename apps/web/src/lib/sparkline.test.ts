import { expect, it } from 'vitest';
import { sparklinePaths } from './sparkline.ts';

const box = { width: 102, height: 22 };

it('leaves a gap where nothing was measured', () => {
  const { line, dots } = sparklinePaths([1, 2, null, 2, 1], box);
  expect(line.match(/M/g)).toHaveLength(2);
  expect(dots).toEqual([]);
});

it('draws a lone value as a dot and zero at the bottom', () => {
  const { line, dots } = sparklinePaths([null, 0, null], box);
  expect(line).toBe('');
  expect(dots).toEqual([{ x: 51, y: 21 }]);
});

it('draws nothing of nothing', () => {
  expect(sparklinePaths([null, null], box)).toEqual({ line: '', area: '', dots: [] });
});

it('measures against the ceiling where there is one, and above it against the largest value', () => {
  expect(sparklinePaths([50, 50], { ...box, ceiling: 100 }).line).toBe('M1 11L101 11');
  expect(sparklinePaths([200, 200], { ...box, ceiling: 100 }).line).toBe('M1 1L101 1');
});
