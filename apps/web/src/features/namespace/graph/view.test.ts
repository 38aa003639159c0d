import { describe, expect, it } from 'vitest';
import { leastZoom, nearestAlong, viewOfAll } from './view.ts';

const box = (name: string, x: number, y: number) => ({ name, x, y, width: 100, height: 40 });

describe('an arrow key', () => {
  const [middle, right, farRight, below, aside] = [
    box('middle', 0, 0),
    box('right', 200, 10),
    box('far right', 500, 0),
    box('below', 10, 100),
    box('aside', 150, 400),
  ];
  const all = [middle, right, farRight, below, aside];

  it('leads to the nearest box along its way', () => {
    expect(nearestAlong(all, middle, [1, 0])).toBe(right);
    expect(nearestAlong(all, right, [1, 0])).toBe(farRight);
    expect(nearestAlong(all, middle, [0, 1])).toBe(below);
    expect(nearestAlong(all, farRight, [-1, 0])).toBe(right);
  });

  it('leads nowhere where nothing is that way', () => {
    expect(nearestAlong(all, farRight, [1, 0])).toBeUndefined();
    expect(nearestAlong([], undefined, [1, 0])).toBeUndefined();
  });

  it('leads to the one nearest to the top from nowhere', () => {
    expect(nearestAlong([below, aside, right], undefined, [0, 1])).toBe(right);
  });
});

describe('the view of all', () => {
  const placed = (x: number, y: number, width: number, height: number) => ({ x, y, width, height });

  it('has everything in the middle, none larger than life', () => {
    expect(viewOfAll([placed(100, 100, 200, 100)], { width: 1000, height: 600 })).toEqual({ x: 300, y: 150, zoom: 1 });
  });

  it('is drawn small enough for all of it, down to a bound', () => {
    expect(viewOfAll([placed(0, 0, 2000, 10)], { width: 1000, height: 1000 }).zoom).toBeCloseTo(0.47);
    expect(viewOfAll([placed(0, 0, 1e6, 10)], { width: 1000, height: 1000 }).zoom).toBe(leastZoom);
  });
});
