/** A box to be placed, with the size of what it shows itself; its children stand between its head and its own floor. */
export interface SizedBox {
  id: string;
  width: number;
  height: number;
  /** Room above the children, for the name. */
  headHeight: number;
  children: readonly SizedBox[];
  /** Everything else of its level stands on it. */
  ground: boolean;
}

/** Where a box stands: left and bottom edge within its parent (upwards is positive), and its size. */
export interface Spot {
  parent: string | undefined;
  left: number;
  bottom: number;
  width: number;
  height: number;
}

/** As drawn: left upper corner, downwards is positive, the ground floor's upper edge at 0. */
export interface Placed {
  id: string;
  x: number;
  y: number;
  width: number;
  height: number;
  depth: number;
}

export const roomWidth = 208;
export const gap = 16;
/** Boxes stand on a grid of columns, four to a room, so that a box around a room is only a little wider than it. */
const step = (roomWidth + gap) / 4;
/** A level is drawn about so much wider than high. */
const aspect = 1.7;

const columnsOf = (width: number): number => Math.max(1, Math.ceil((width + gap) / step));

interface Taken {
  from: number;
  to: number;
}

/** Columns of a level with what stands in them, each sorted from below. */
class Columns {
  readonly #columns: Taken[][] = [];
  readonly count: number;

  constructor(count: number) {
    this.count = count;
    this.#columns = Array.from({ length: count }, () => []);
  }

  isFree(column: number, span: number, from: number, to: number): boolean {
    for (let index = column; index < column + span; index += 1)
      if (this.#columns[index]?.some((taken) => taken.from < to + gap && from < taken.to + gap)) return false;
    return true;
  }

  take(column: number, span: number, from: number, to: number): void {
    for (let index = column; index < column + span; index += 1) {
      const taken = this.#columns[index];
      if (taken === undefined) continue;
      const after = taken.findIndex((other) => other.from > from);
      taken.splice(after < 0 ? taken.length : after, 0, { from, to });
    }
  }

  /** The lowest free place of that size, the leftmost of several. */
  lowest(span: number, height: number): { column: number; bottom: number } {
    let best = { column: 0, bottom: Number.POSITIVE_INFINITY };
    for (let column = 0; column + span <= this.count; column += 1) {
      const bottom = this.#lowestIn(column, span, height, best.bottom);
      if (bottom < best.bottom) best = { column, bottom };
    }
    return best;
  }

  /** Climbs over whatever is in the way, no higher than `ceiling`. */
  #lowestIn(column: number, span: number, height: number, ceiling: number): number {
    const passed = new Array<number>(span).fill(0);
    let bottom = 0;
    for (let free = 0; free < span && bottom < ceiling; ) {
      free = 0;
      for (let offset = 0; offset < span; offset += 1) {
        const taken = this.#columns[column + offset] ?? [];
        let index = passed[offset] ?? 0;
        while (index < taken.length && (taken[index]?.to ?? 0) + gap <= bottom) index += 1;
        passed[offset] = index;
        const next = taken[index];
        if (next === undefined || next.from >= bottom + height + gap) free += 1;
        else bottom = next.to + gap;
      }
    }
    return bottom;
  }
}

/**
 * Places boxes as storeys of a house: the ground floor below, everything else on top of it, boxes inside of boxes.
 * What stood somewhere stays there; what is new takes the lowest free place; what has grown into others keeps its place
 * where it is the larger, and the smaller moves. So one change moves one thing.
 */
export class Placement {
  #spots = new Map<string, Spot>();
  /** Columns of each level: chosen once, so that a level does not rearrange itself by growing. */
  readonly #columns = new Map<string | undefined, number>();

  place(boxes: readonly SizedBox[]): Placed[] {
    const spots = new Map<string, Spot>();
    this.#level(boxes, undefined, spots);
    this.#spots = spots;
    const placed: Placed[] = [];
    const draw = (level: readonly SizedBox[], left: number, bottom: number, depth: number) => {
      for (const box of level) {
        const spot = spots.get(box.id);
        if (spot === undefined) continue;
        const [x, floor] = [left + spot.left, bottom + spot.bottom];
        placed.push({ id: box.id, x, y: -floor - spot.height, width: spot.width, height: spot.height, depth });
        draw(box.children, x + gap, floor + ownFloor(box), depth + 1);
      }
    };
    draw(boxes, 0, 0, 0);
    return placed;
  }

  /** Places one level and answers with its size. */
  #level(
    boxes: readonly SizedBox[],
    parent: string | undefined,
    spots: Map<string, Spot>,
    leastWidth = 0,
  ): { width: number; height: number } {
    const sized = boxes.map((box) => ({ box, ...this.#size(box, spots) }));
    const ground = sized.filter(({ box }) => box.ground);
    const others = sized.filter(({ box }) => !box.ground);
    const widest = Math.max(1, ...sized.map(({ width }) => columnsOf(width)));
    let count = this.#columns.get(parent);
    if (count === undefined) {
      const area = others.reduce((sum, { width, height }) => sum + (width + gap) * (height + gap), 0);
      count = Math.max(Math.round(Math.sqrt(area * aspect) / step), Math.floor((leastWidth + gap) / step));
    }
    count = Math.max(count, widest, 1);
    this.#columns.set(parent, count);

    const columns = new Columns(count);
    const width = count * step - gap;
    // The ground floor is as wide as the house. What stands inside of it stays where it is when its own people come and go.
    let base = 0;
    for (const { box, height } of ground) {
      const bottom = box.children.length > 0 ? -ownFloor(box) : -height;
      spots.set(box.id, { parent, left: 0, bottom, width, height });
      base = Math.max(base, bottom + height + gap);
    }
    let top = 0;
    const put = (box: SizedBox, size: { width: number; height: number }, column: number, bottom: number) => {
      columns.take(column, columnsOf(size.width), bottom, bottom + size.height);
      spots.set(box.id, { parent, left: column * step, bottom: base + bottom, ...size });
      top = Math.max(top, base + bottom + size.height);
    };
    const waiting: typeof others = [];
    const before = (id: string): Spot | undefined => {
      const spot = this.#spots.get(id);
      return spot?.parent === parent ? spot : undefined;
    };
    for (const item of [...others].sort((a, b) => b.width * b.height - a.width * a.height)) {
      const spot = before(item.box.id);
      const column = spot === undefined ? -1 : Math.round(spot.left / step);
      const bottom = (spot?.bottom ?? 0) - base;
      const span = columnsOf(item.width);
      if (spot !== undefined && column + span <= count && bottom >= 0 && columns.isFree(column, span, bottom, bottom + item.height))
        put(item.box, { width: item.width, height: item.height }, column, bottom);
      else waiting.push(item);
    }
    const homeless = new Set(waiting);
    for (const item of others) {
      if (!homeless.has(item)) continue;
      const { column, bottom } = columns.lowest(columnsOf(item.width), item.height);
      put(item.box, { width: item.width, height: item.height }, column, bottom);
    }
    return { width, height: top };
  }

  /** Size of a box with all that stands in it. */
  #size(box: SizedBox, spots: Map<string, Spot>): { width: number; height: number } {
    if (box.children.length === 0) return { width: spanWidth(box.width), height: box.height };
    const inner = this.#level(box.children, box.id, spots, box.width - 2 * gap);
    return {
      width: spanWidth(Math.max(box.width, inner.width + 2 * gap)),
      height: box.headHeight + inner.height + ownFloor(box),
    };
  }
}

/** Widths are whole columns, so that rooms of a level stand under one another. */
const spanWidth = (width: number): number => columnsOf(width) * step - gap;

/** Height below the children: the box's own inhabitants, and air. */
const ownFloor = (box: SizedBox): number => Math.max(0, box.height - box.headHeight) + gap;
