import { type Placed, roomWidth, type SizedBox } from './placement.ts';
import type { Box } from './plan.ts';

/** What the worker is asked and answers. */
export interface LayoutQuestion {
  id: number;
  /** Positions are kept for each picture: one type of namespace, one focus. */
  picture: string;
  boxes: readonly SizedBox[];
  /** Forgets what stood where. */
  anew: boolean;
}

export interface LayoutAnswer {
  id: number;
  picture: string;
  placed: Placed[];
}

/** Sizes that the style sheet of the graph keeps to. */
export const headHeight = 52;
const chipHeight = 24;
const chipWidth = 192;
const footHeight = 8;
const groupHeight = 84;
/** A ground floor is as wide as the house; its people stand side by side. */
const groundChipsInRow = 6;

const rows = (box: Extract<Box, { kind: 'room' }>): number => {
  const chips = box.shown.length + (box.hidden > 0 || box.room.heldBy !== undefined ? 1 : 0);
  return box.ground || box.children.length > 0 ? Math.ceil(chips / groundChipsInRow) : chips;
};

/** How large each box has to be for what it shows. */
export function sizesOf(boxes: readonly Box[]): SizedBox[] {
  return boxes.map((box) => {
    const children = sizesOf(box.children);
    if (box.kind === 'group')
      return { id: box.id, width: roomWidth, height: children.length > 0 ? headHeight : groupHeight, headHeight, children, ground: false };
    const count = rows(box);
    const wide = box.ground || children.length > 0;
    return {
      id: box.id,
      width: wide ? Math.max(roomWidth, Math.min(box.shown.length + 1, groundChipsInRow) * chipWidth + 16) : roomWidth,
      height: headHeight + count * chipHeight + (count > 0 ? footHeight : 0),
      headHeight,
      children,
      ground: box.ground,
    };
  });
}
