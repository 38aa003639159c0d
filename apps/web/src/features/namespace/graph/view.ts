import type { Placed } from './placement.ts';

export const leastZoom = 0.04;

type Spot = Pick<Placed, 'x' | 'y' | 'width' | 'height'>;

/** The view in which all boxes are in sight, in the middle, none larger than life. */
export function viewOfAll(placed: Iterable<Spot>, pane: { width: number; height: number }): { x: number; y: number; zoom: number } {
  let [left, top, right, bottom] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { x, y, width, height } of placed) {
    left = Math.min(left, x);
    top = Math.min(top, y);
    right = Math.max(right, x + width);
    bottom = Math.max(bottom, y + height);
  }
  const zoom = Math.max(leastZoom, Math.min(1, (pane.width * 0.94) / (right - left), (pane.height * 0.94) / (bottom - top)));
  return { x: pane.width / 2 - ((left + right) / 2) * zoom, y: pane.height / 2 - ((top + bottom) / 2) * zoom, zoom };
}

const middleOf = ({ x, y, width, height }: Spot) => ({ x: x + width / 2, y: y + height / 2 });

/**
 * The box that an arrow key leads to: near along its way, and little aside of it.
 * @param from where one stands; from nowhere, the nearest to the top
 */
export function nearestAlong<T extends Spot>(boxes: readonly T[], from: T | undefined, [dx, dy]: readonly [number, number]): T | undefined {
  const start = from === undefined ? undefined : middleOf(from);
  let best: { box: T; cost: number } | undefined;
  for (const box of boxes) {
    if (box === from) continue;
    const to = middleOf(box);
    const [x, y] = start === undefined ? [0, to.y] : [to.x - start.x, to.y - start.y];
    const along = x * dx + y * dy;
    const aside = Math.abs(x * dy) + Math.abs(y * dx);
    if (start !== undefined && along <= 4) continue;
    const cost = Math.abs(along) + 2.5 * aside;
    if (best === undefined || cost < best.cost) best = { box, cost };
  }
  return best?.box;
}
