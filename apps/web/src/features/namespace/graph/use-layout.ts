'use client';
import { useCallback, useEffect, useRef, useState } from 'react';
import { type LayoutAnswer, type LayoutQuestion, sizesOf } from './layout.ts';
import type { Placed } from './placement.ts';
import type { Plan } from './plan.ts';

export interface Layout {
  plan: Plan;
  picture: string;
  placed: ReadonlyMap<string, Placed>;
}

/** A worker that was started ahead of need; whoever needs one takes it. */
let spare: Worker | undefined;

const startWorker = (): Worker => new Worker(new URL('./layout.worker.ts', import.meta.url), { type: 'module' });

/** Has a worker fetched and started while there is nothing to place yet. */
export function warmUp(): void {
  spare ??= startWorker();
}

function takeWorker(): Worker {
  const worker = spare ?? startWorker();
  spare = undefined;
  return worker;
}

/** Positions of what is planned, from a worker: a plan is shown together with its positions, not before. */
export function useLayout(plan: Plan | undefined, picture: string): { layout: Layout | undefined; arrangeAnew(): void } {
  const worker = useRef<Worker>(undefined);
  const asked = useRef<{ id: number; plan: Plan | undefined }>({ id: 0, plan: undefined });
  const latest = useRef({ plan, picture });
  latest.current = { plan, picture };
  const [layout, setLayout] = useState<Layout>();

  const ask = useCallback((anew: boolean) => {
    const { plan: wanted, picture: of } = latest.current;
    if (wanted === undefined) return;
    const id = asked.current.id + 1;
    asked.current = { id, plan: wanted };
    worker.current?.postMessage({ id, picture: of, boxes: sizesOf(wanted.boxes), anew } satisfies LayoutQuestion);
  }, []);

  useEffect(() => {
    const made = takeWorker();
    worker.current = made;
    made.onmessage = ({ data: { id, picture: of, placed } }: MessageEvent<LayoutAnswer>) => {
      // An answer to an older question is not shown: a newer one is on its way.
      const { plan: placedPlan } = asked.current;
      if (id !== asked.current.id || placedPlan === undefined) return;
      setLayout({ plan: placedPlan, picture: of, placed: new Map(placed.map((one) => [one.id, one])) });
    };
    return () => {
      made.terminate();
      worker.current = undefined;
    };
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new plan or picture is the reason to ask
  useEffect(() => ask(false), [ask, plan, picture]);

  return { layout, arrangeAnew: () => ask(true) };
}
