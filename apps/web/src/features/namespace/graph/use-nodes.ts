import { useRef } from 'react';
import type { GraphNode, Look } from './graph-nodes.tsx';
import type { Placed } from './placement.ts';
import type { Box } from './plan.ts';

function sameBox(a: Box, b: Box): boolean {
  if (a === b) return true;
  if (a.kind === 'group' || b.kind === 'group')
    return (
      a.kind === b.kind &&
      a.kind === 'group' &&
      b.kind === 'group' &&
      a.group.open === b.group.open &&
      a.group.rooms.length === b.group.rooms.length &&
      a.group.processes === b.group.processes
    );
  return (
    a.room.namespace === b.room.namespace &&
    a.hidden === b.hidden &&
    a.children.length > 0 === b.children.length > 0 &&
    a.shown.length === b.shown.length &&
    a.shown.every(({ workload, processes }, index) => workload === b.shown[index]?.workload && processes === b.shown[index]?.processes)
  );
}

/** Nodes as the canvas takes them; one that is as before stays the same object, so that only what changed is drawn anew. */
export function useNodes(
  boxes: readonly Box[],
  placed: ReadonlyMap<string, Placed>,
  lookOf: (box: Box) => Look,
  isShown: (box: Box) => boolean,
): GraphNode[] {
  const cache = useRef(new Map<string, GraphNode>());
  const nodes: GraphNode[] = [];
  const next = new Map<string, GraphNode>();
  const walk = (level: readonly Box[]) => {
    for (const box of level) {
      const spot = placed.get(box.id);
      if (spot === undefined) continue;
      if (isShown(box)) {
        const { x, y, width, height, depth } = spot;
        const look = lookOf(box);
        const before = cache.current.get(box.id);
        const same =
          before !== undefined &&
          before.position.x === x &&
          before.position.y === y &&
          before.width === width &&
          before.height === height &&
          before.zIndex === depth &&
          sameBox(before.data.box, box) &&
          before.data.look.chosen === look.chosen &&
          before.data.look.faint === look.faint &&
          before.data.look.arrived === look.arrived;
        const node = same
          ? before
          : ({
              id: box.id,
              type: box.kind,
              position: { x, y },
              width,
              height,
              measured: { width, height },
              zIndex: depth,
              data: { box, look },
            } as GraphNode);
        next.set(box.id, node);
        nodes.push(node);
      }
      walk(box.children);
    }
  };
  walk(boxes);
  cache.current = next;
  return nodes;
}
