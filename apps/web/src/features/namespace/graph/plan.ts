import type { Runtime } from '@bulkhead/model';
import { byRuntime, type Inhabitant, type Room } from '../rooms.ts';

/** Rooms that are drawn as one box until it is opened. */
export interface Group {
  /** Stable while its members are the same in kind: `<parent key or nothing>:<runtime>:<common beginning of their names>`. */
  path: string;
  runtime: Runtime;
  /** Beginning that the names of its members share; empty for all of a runtime. */
  prefix: string;
  rooms: readonly Room[];
  processes: number;
  open: boolean;
}

export interface RoomBox {
  kind: 'room';
  id: string;
  room: Room;
  /** Inhabitants that are named; the others are counted. */
  shown: readonly Inhabitant[];
  hidden: number;
  children: readonly Box[];
  /** The host's own: everything else stands on it. */
  ground: boolean;
}

export interface GroupBox {
  kind: 'group';
  id: string;
  group: Group;
  children: readonly Box[];
}

export type Box = RoomBox | GroupBox;

export interface Plan {
  boxes: readonly Box[];
  /** What is drawn: rooms, groups and inhabitants by name. */
  visible: number;
  /** True where there was too much to draw one by one. */
  grouped: boolean;
  /** Of the groups asked to be open those that are; an older one closes where all together would be too much. */
  open: readonly string[];
}

export interface PlanOptions {
  /** Runtimes whose rooms stand as one box. */
  collapsed: ReadonlySet<Runtime>;
  /** Paths of open groups, the newest last. */
  open: readonly string[];
  /** Most that is drawn one by one. */
  budget?: number;
}

export const defaultBudget = 500;
/** Inhabitants of a room that are named. */
export const shownInhabitants = 4;
export const shownOnGround = 24;
/** A group that was opened and has more rooms than this is divided again. */
const mostRoomsOfGroup = 120;

const shownOf = (room: Room): number => (room.namespace.initial ? shownOnGround : shownInhabitants);
const weightOf = (room: Room): number => 1 + Math.min(room.inhabitants.length, shownOf(room));

/** Divides rooms by how their names go on after what all have in common, so that a new one changes its own group alone. */
export function splitByPrefix(rooms: readonly Room[]): Map<string, Room[]> {
  // The inode makes every name a name of its own.
  const named = rooms.map((room) => ({ room, name: `${room.name} ${room.namespace.ino}` }));
  const first = named[0]?.name ?? '';
  let shared = first.length;
  for (const { name } of named) {
    let length = 0;
    while (length < shared && name[length] === first[length]) length += 1;
    shared = length;
  }
  const parts = new Map<string, Room[]>();
  for (const { room, name } of named) {
    const prefix = name.slice(0, shared + 1);
    const part = parts.get(prefix);
    if (part === undefined) parts.set(prefix, [room]);
    else part.push(room);
  }
  return parts;
}

class Planner {
  readonly #children: Map<string | undefined, Room[]>;
  readonly #open: ReadonlySet<string>;
  readonly #collapsed: ReadonlySet<Runtime>;
  readonly #grouped: boolean;
  visible = 0;

  constructor(
    children: Map<string | undefined, Room[]>,
    options: { open: readonly string[]; collapsed: ReadonlySet<Runtime>; grouped: boolean },
  ) {
    this.#children = children;
    this.#open = new Set(options.open);
    this.#collapsed = options.collapsed;
    this.#grouped = options.grouped;
  }

  boxesBelow(parent: string | undefined): Box[] {
    return this.#boxes(this.#children.get(parent) ?? [], parent);
  }

  #boxes(rooms: readonly Room[], parent: string | undefined): Box[] {
    const boxes: Box[] = [];
    const byKind = new Map<Runtime, Room[]>();
    for (const room of rooms) {
      if (room.namespace.initial) boxes.push(this.#room(room));
      else {
        const members = byKind.get(room.runtime);
        if (members === undefined) byKind.set(room.runtime, [room]);
        else members.push(room);
      }
    }
    for (const [runtime, members] of [...byKind].sort(([a], [b]) => byRuntime(a, b))) {
      if (members.length > 1 && (this.#grouped || this.#collapsed.has(runtime))) boxes.push(this.#group(members, runtime, parent, ''));
      else for (const room of members) boxes.push(this.#room(room));
    }
    return boxes;
  }

  #room(room: Room): RoomBox {
    const shown = room.inhabitants.slice(0, shownOf(room));
    this.visible += weightOf(room);
    return {
      kind: 'room',
      id: room.key,
      room,
      shown,
      hidden: room.inhabitants.length - shown.length,
      children: this.boxesBelow(room.key),
      ground: room.namespace.initial,
    };
  }

  #group(rooms: readonly Room[], runtime: Runtime, parent: string | undefined, prefix: string): GroupBox {
    const path = `${parent ?? ''}:${runtime}:${prefix}`;
    const open = this.#open.has(path);
    this.visible += 1;
    const processes = rooms.reduce((sum, room) => sum + room.namespace.holders.processes, 0);
    return {
      kind: 'group',
      id: `group ${path}`,
      group: { path, runtime, prefix, rooms, processes, open },
      children: open ? this.#members(rooms, runtime, parent) : [],
    };
  }

  #members(rooms: readonly Room[], runtime: Runtime, parent: string | undefined): Box[] {
    if (rooms.length <= mostRoomsOfGroup) return rooms.map((room) => this.#room(room));
    return [...splitByPrefix(rooms)].map(([prefix, part]) => {
      const [only] = part;
      return part.length === 1 && only !== undefined ? this.#room(only) : this.#group(part, runtime, parent, prefix);
    });
  }
}

/** What is drawn of so many rooms, so that never more than the budget stands there one by one. */
export function planBoxes(rooms: readonly Room[], { collapsed, open, budget = defaultBudget }: PlanOptions): Plan {
  const known = new Set(rooms.map((room) => room.key));
  const children = new Map<string | undefined, Room[]>();
  for (const room of rooms) {
    const parent = room.parent !== undefined && known.has(room.parent) && room.parent !== room.key ? room.parent : undefined;
    const list = children.get(parent);
    if (list === undefined) children.set(parent, [room]);
    else list.push(room);
  }
  const weight = rooms.reduce((sum, room) => sum + weightOf(room), 0);
  const grouped = weight > budget;
  let kept = [...open];
  for (;;) {
    const planner = new Planner(children, { open: kept, collapsed, grouped });
    const boxes = planner.boxesBelow(undefined);
    const newest = kept.at(-1);
    if (planner.visible <= budget || newest === undefined) return { boxes, visible: planner.visible, grouped, open: kept };
    // What the newest stands in has to stay open for it to be seen.
    const oldest = kept.find((path) => !newest.startsWith(path)) ?? newest;
    kept = kept.filter((path) => path !== oldest);
  }
}

/** Groups to open, outermost first, so that a room can be seen; empty where it can be already. */
export function pathsTo(boxes: readonly Box[], key: string): string[] {
  for (const box of boxes) {
    if (box.kind === 'room') {
      if (box.room.key === key) return [];
      const below = pathsTo(box.children, key);
      if (below.length > 0) return below;
    } else if (box.group.open) {
      const below = pathsTo(box.children, key);
      if (below.length > 0) return below;
    } else if (box.group.rooms.some((room) => room.key === key)) return [box.group.path];
  }
  return [];
}
