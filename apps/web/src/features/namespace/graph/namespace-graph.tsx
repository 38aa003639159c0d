'use client';
import '@xyflow/react/dist/base.css';
import type { Namespace, Runtime } from '@bulkhead/model';
import { Skeleton } from '@mantine/core';
import { useReducedMotion } from '@mantine/hooks';
import { MiniMap, ReactFlow, ReactFlowProvider, useReactFlow, useStore } from '@xyflow/react';
import { useRouter } from 'next/navigation';
import { useTranslations } from 'next-intl';
import { type KeyboardEvent, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { useFormat } from '../../../components/measure.tsx';
import { useHostLive } from '../../live/live-provider.tsx';
import { graphType, type NamespacesView, namespaceHref } from '../namespaces-url.ts';
import { byRuntime, type Inhabitant, linksOf, neighbourhood, type Room, roomsOf, searchTextOf } from '../rooms.ts';
import css from './graph.module.css';
import { type GraphNode, type Look, nodeTypes } from './graph-nodes.tsx';
import { GraphTools } from './graph-tools.tsx';
import { headOf, type Line, Lines } from './lines.tsx';
import type { Placed } from './placement.ts';
import { type Box, pathsTo, planBoxes } from './plan.ts';
import { RoomPanel } from './room-panel.tsx';
import { useLayout } from './use-layout.ts';
import { useNodes } from './use-nodes.ts';
import { leastZoom, nearestAlong, viewOfAll } from './view.ts';

export { warmUp } from './use-layout.ts';

/** Boxes around others are pale, so that those inside of them can be told. */
const minimapColour = (node: GraphNode): string => {
  const { box } = node.data;
  if (box.kind === 'room' && (box.ground || box.children.length > 0)) return 'var(--line)';
  return box.kind === 'room' && box.room.runtime === 'bulkhead' ? 'var(--accent)' : 'var(--ink-faint)';
};

/** Rooms are reached by the arrow keys of the frame, whose name says so; the canvas adds nothing to that. */
const quiet = {
  'node.a11yDescription.default': '',
  'node.a11yDescription.keyboardDisabled': '',
  'edge.a11yDescription.default': '',
} as const;

const farZoom = 0.42;
const flightMsec = 450;
const closeZoom = 1;
/** The layer that moving made is given up so long after the last move. */
const restMsec = 250;

const arrows: Readonly<Record<string, readonly [number, number]>> = {
  ArrowRight: [1, 0],
  ArrowLeft: [-1, 0],
  ArrowDown: [0, 1],
  ArrowUp: [0, -1],
};

interface Props {
  /** Undefined until the host has told: the canvas is made ready meanwhile. */
  namespaces: ReadonlyMap<string, Namespace> | undefined;
  inhabitants: ReadonlyMap<string, readonly Inhabitant[]>;
  view: NamespacesView;
  show(changed: Partial<NamespacesView>, how?: 'push' | 'replace'): void;
}

/** Namespaces of one type as rooms, with those who live in them. What it shows and does, the table does by keyboard. */
export function NamespaceGraph(props: Props) {
  return (
    <ReactFlowProvider>
      <Graph {...props} />
    </ReactFlowProvider>
  );
}

const nowhere: readonly [number, number] = [0, 0];
const sizeOf = (width: number, height: number): readonly [number, number] => [width, height];
const sameSize = (a: readonly [number, number], b: readonly [number, number]): boolean => a[0] === b[0] && a[1] === b[1];

/** In which box each room can be seen: its own, or the closed group around it. */
function boxOfRooms(boxes: readonly Box[], found = new Map<string, string>()): Map<string, string> {
  for (const box of boxes) {
    if (box.kind === 'room') found.set(box.room.key, box.id);
    else if (!box.group.open) for (const room of box.group.rooms) found.set(room.key, box.id);
    boxOfRooms(box.children, found);
  }
  return found;
}

function Graph({ namespaces, inhabitants, view, show }: Props) {
  const t = useTranslations('graph');
  const format = useFormat();
  const router = useRouter();
  const flow = useReactFlow();
  const reducedMotion = useReducedMotion();
  const { inventory } = useHostLive();
  const level = useStore((state) => (state.transform[2] < farZoom ? 'far' : 'near'));
  const [paneWidth, paneHeight] = useStore((state) => (state.panZoom === null ? nowhere : sizeOf(state.width, state.height)), sameSize);
  const pane = useMemo(() => (paneWidth > 0 ? { width: paneWidth, height: paneHeight } : undefined), [paneWidth, paneHeight]);
  const frame = useRef<HTMLElement>(null);
  const type = view.type ?? graphType;
  const duration = reducedMotion ? 0 : flightMsec;

  const all = useMemo(() => roomsOf(namespaces?.values() ?? [], inhabitants, type), [namespaces, inhabitants, type]);
  const rooms = useMemo(() => {
    if (view.focus === undefined) return all;
    const near = neighbourhood(all, view.focus);
    return near.size === 0 ? all : all.filter((room) => near.has(room.key));
  }, [all, view.focus]);
  const focused = rooms !== all;
  // Lists out of the address are new ones each time: what is in them counts.
  const [openText, collapsedText] = [view.open.join('\n'), view.collapsed.join('\n')];
  const plan = useMemo(() => {
    const lines = (text: string) => text.split('\n').filter((line) => line !== '');
    return planBoxes(rooms, { collapsed: new Set(lines(collapsedText) as Runtime[]), open: lines(openText) });
  }, [rooms, openText, collapsedText]);
  const known = namespaces !== undefined;
  const { layout, arrangeAnew } = useLayout(known ? plan : undefined, `${type} ${focused ? view.focus : ''}`);

  const wanted = view.search.trim().toLowerCase();
  const matches = useMemo(
    () =>
      wanted === ''
        ? undefined
        : rooms.filter(
            (room) =>
              searchTextOf(room.namespace).includes(wanted) ||
              room.inhabitants.some(({ workload }) => workload.maker.name.toLowerCase().includes(wanted)),
          ),
    [rooms, wanted],
  );
  const matched = useMemo(() => matches && new Set(matches.map((room) => room.key)), [matches]);
  const chosen = view.room === undefined ? undefined : all.find((room) => room.key === view.room);

  const isKept = (room: Room): boolean =>
    (view.runtime === undefined || room.runtime === view.runtime) && (!view.empty || room.heldBy !== undefined);
  const isShown = (box: Box): boolean =>
    box.kind === 'group' ? box.group.rooms.some(isKept) : box.ground || isKept(box.room) || box.children.some(isShown);
  const lookOf = (box: Box): Look => ({
    chosen: box.kind === 'room' && box.room.key === view.room,
    faint:
      matched !== undefined &&
      !(box.kind === 'room' ? matched.has(box.room.key) || box.children.length > 0 : box.group.rooms.some(({ key }) => matched.has(key))),
    arrived: box.kind === 'room' && inventory.hasArrived(box.room.key),
  });
  const nodes = useNodes(layout?.plan.boxes ?? [], layout?.placed ?? new Map(), lookOf, isShown);

  const lines = useMemo<Line[]>(() => {
    if (layout === undefined || view.room === undefined) return [];
    const seenIn = boxOfRooms(layout.plan.boxes);
    const from = seenIn.get(view.room);
    const found = new Map<string, Line>();
    for (const { to, makers } of linksOf(rooms, view.room)) {
      const target = seenIn.get(to);
      if (from === undefined || target === undefined || target === from || found.has(target)) continue;
      const [start, end] = [layout.placed.get(from), layout.placed.get(target)];
      if (start === undefined || end === undefined) continue;
      const [only] = makers;
      const label = makers.length === 1 && only !== undefined ? only.name : t('shared', { count: makers.length });
      found.set(target, { key: target, label, from: headOf(start), to: headOf(end) });
    }
    return [...found.values()];
  }, [layout, rooms, view.room, t]);

  const flyTo = useCallback(
    (spot: Placed) => {
      const zoom = Math.max(flow.getZoom(), closeZoom);
      void flow.setCenter(spot.x + spot.width / 2, spot.y + Math.min(spot.height, 300) / 2, { zoom, duration });
    },
    [flow, duration],
  );

  const showWhole = useCallback(
    (placed: ReadonlyMap<string, Placed>, within: number) => {
      if (pane === undefined || placed.size === 0) return;
      const { x, y, zoom } = viewOfAll(placed.values(), pane);
      void flow.setViewport({ x, y, zoom }, { duration: within });
    },
    [flow, pane],
  );

  // Each picture is seen whole when it is opened.
  const fitted = useRef<string>(undefined);
  const [placed, setPlaced] = useState(false);
  useEffect(() => {
    if (layout === undefined || pane === undefined || fitted.current === layout.picture || layout.placed.size === 0) return;
    const first = fitted.current === undefined;
    fitted.current = layout.picture;
    showWhole(layout.placed, first ? 0 : duration);
    setPlaced(true);
  }, [layout, pane, showWhole, duration]);

  // What is wanted is flown to as soon as it stands somewhere; groups around it open on the way.
  const flight = useRef<string>(undefined);
  useEffect(() => {
    const key = flight.current;
    if (layout === undefined || key === undefined) return;
    const paths = pathsTo(layout.plan.boxes, key);
    const spot = layout.placed.get(key);
    if (spot !== undefined) {
      flight.current = undefined;
      flyTo(spot);
    } else if (paths.length > 0 && !paths.every((path) => view.open.includes(path))) show({ open: [...view.open, ...paths] }, 'replace');
    else if (paths.length === 0) flight.current = undefined;
  }, [layout, flyTo, show, view.open]);
  const goTo = (key: string) => {
    flight.current = key;
    show({ room: key }, 'replace');
    const spot = layout?.placed.get(key);
    const paths = layout === undefined ? [] : pathsTo(layout.plan.boxes, key);
    if (spot !== undefined) {
      flight.current = undefined;
      flyTo(spot);
    } else if (paths.length > 0) show({ room: key, open: [...view.open, ...paths] }, 'replace');
  };

  // A search flies to the first it finds, once typing rests.
  const [foundAt, setFoundAt] = useState(0);
  const firstFound = matches?.[0]?.key;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the search alone is the reason to fly
  useEffect(() => {
    setFoundAt(0);
    if (wanted === '' || firstFound === undefined) return;
    const timer = setTimeout(() => goTo(firstFound), 250);
    return () => clearTimeout(timer);
  }, [wanted]);
  const goToFound = (index: number) => {
    if (matches === undefined || matches.length === 0) return;
    const next = (index + matches.length) % matches.length;
    setFoundAt(next);
    const room = matches[next];
    if (room !== undefined) goTo(room.key);
  };

  const [moving, setMoving] = useState(false);
  const rest = useRef<ReturnType<typeof setTimeout>>(undefined);
  const onMoveStart = useCallback(() => {
    clearTimeout(rest.current);
    setMoving(true);
  }, []);
  const onMoveEnd = useCallback(() => {
    clearTimeout(rest.current);
    rest.current = setTimeout(() => setMoving(false), restMsec);
  }, []);

  const toggleGroup = (path: string) =>
    show({ open: view.open.includes(path) ? view.open.filter((other) => !other.startsWith(path)) : [...view.open, path] });
  const act = (node: GraphNode) => {
    if (node.data.box.kind === 'group') toggleGroup(node.data.box.group.path);
    else show({ room: node.data.box.room.key === view.room ? undefined : node.data.box.room.key }, 'replace');
  };

  // Arrow keys go from box to box, as they stand.
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    if (event.target !== frame.current || event.ctrlKey || event.metaKey || event.altKey) return;
    const current = nodes.find((node) => node.id === view.room);
    if (event.key === 'Escape') return show({ room: undefined }, 'replace');
    if (event.key === 'Enter' && current !== undefined) return router.push(namespaceHref(current.id));
    if (event.key === '+' || event.key === '-') return void (event.key === '+' ? flow.zoomIn({ duration }) : flow.zoomOut({ duration }));
    const direction = arrows[event.key];
    if (direction === undefined) return;
    event.preventDefault();
    const spots = nodes.flatMap(({ id, type: kind, position, width = 0, height = 0 }) =>
      kind === 'room' ? [{ id, ...position, width, height }] : [],
    );
    const next = nearestAlong(
      spots,
      spots.find(({ id }) => id === view.room),
      direction,
    );
    if (next !== undefined) goTo(next.id);
  };

  const runtimes = useMemo(
    () => [...new Set(all.filter((room) => !room.namespace.initial).map((room) => room.runtime))].sort(byRuntime),
    [all],
  );
  const [top, setTop] = useState<number>();
  // What stands above may change with any render.
  useLayoutEffect(() => setTop(frame.current === null ? undefined : frame.current.getBoundingClientRect().top + window.scrollY));

  return (
    <section
      ref={frame}
      className={css.frame}
      style={top === undefined ? undefined : ({ '--graph-top': `${top}px` } as React.CSSProperties)}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys go from room to room in it
      tabIndex={0}
      aria-label={t('label', { type })}
      data-graph={type}
      data-drawn={layout === undefined ? undefined : nodes.length}
      data-rooms={rooms.length}
      data-visible={layout?.plan.visible}
      data-grouped={layout?.plan.grouped}
      data-level={level}
      data-moving={moving}
      data-placed={placed}
      onKeyDown={onKeyDown}
    >
      <ReactFlow
        nodes={nodes}
        nodeTypes={nodeTypes}
        minZoom={leastZoom}
        maxZoom={2}
        nodesDraggable={false}
        nodesConnectable={false}
        nodesFocusable={false}
        elementsSelectable={false}
        deleteKeyCode={null}
        selectionKeyCode={null}
        multiSelectionKeyCode={null}
        zoomOnDoubleClick={false}
        disableKeyboardA11y
        proOptions={{ hideAttribution: true }}
        aria-label={t('canvas')}
        ariaLabelConfig={quiet}
        onNodeClick={(_, node) => act(node)}
        onNodeDoubleClick={(_, node) => node.data.box.kind === 'room' && router.push(namespaceHref(node.data.box.room.key))}
        onMoveStart={onMoveStart}
        onMoveEnd={onMoveEnd}
        onPaneClick={() => view.room !== undefined && show({ room: undefined }, 'replace')}
      >
        <Lines lines={lines} />
        <MiniMap
          pannable
          zoomable
          ariaLabel={t('minimap')}
          nodeColor={minimapColour}
          nodeStrokeWidth={0}
          maskColor="color-mix(in srgb, var(--surface-sunken) 70%, transparent)"
          bgColor="var(--surface)"
        />
      </ReactFlow>
      <GraphTools
        runtimes={runtimes}
        collapsed={view.collapsed}
        collapse={(collapsed) => show({ collapsed })}
        focusedOn={focused ? (all.find((room) => room.key === view.focus)?.name ?? '') : undefined}
        unfocus={() => show({ focus: undefined })}
        found={matches === undefined ? undefined : { at: foundAt, count: matches.length }}
        goToFound={goToFound}
        zoom={(way) => void (way === 'in' ? flow.zoomIn({ duration }) : flow.zoomOut({ duration }))}
        showWhole={() => layout !== undefined && showWhole(layout.placed, duration)}
        arrange={() => {
          fitted.current = undefined;
          arrangeAnew();
        }}
      />
      {layout !== undefined && (
        <span className={css.told}>
          {t('count', { count: rooms.length })}
          {plan.grouped && ` · ${t('grouped', { count: format.integer(plan.visible) })}`}
        </span>
      )}
      {!known && <Skeleton className={css.waiting ?? ''} />}
      {known && rooms.length === 0 && <p className={css.away}>{t('nothing', { type })}</p>}
      {chosen && (
        <RoomPanel
          room={chosen}
          focused={view.focus === chosen.key}
          focus={() => show({ focus: view.focus === chosen.key ? undefined : chosen.key })}
          close={() => {
            show({ room: undefined }, 'replace');
            frame.current?.focus();
          }}
        />
      )}
    </section>
  );
}
