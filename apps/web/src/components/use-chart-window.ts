'use client';
import { useSearchParams } from 'next/navigation';
import { useNow } from './use-now.ts';

export const liveMsec = 15 * 60_000;
const ranges = { live: liveMsec, '1h': 3_600_000, '24h': 86_400_000, '7d': 604_800_000 } as const;
export type Range = keyof typeof ranges;
const storedRefreshMsec = 30_000;

export interface ChartWindow {
  range: Range;
  /** What is drawn, in seconds since 1970. */
  shown: { from: number; to: number };
  /** What is asked of the database; undefined while live. */
  stored: { fromMsec: number; toMsec: number } | undefined;
  zoomed: boolean;
  /** False until the reader's clock is known. */
  ready: boolean;
  show(next: { range?: Range; from?: number; to?: number }): void;
}

/** The time range of a page's charts, kept in its address. What is gone is looked at where it ended. */
export function useChartWindow({ gone = false, endedAtMsec }: { gone?: boolean; endedAtMsec?: number | undefined } = {}): ChartWindow {
  const params = useSearchParams();
  const nowMsec = useNow();
  const asked = params.get('range') as Range | null;
  const range: Range = asked !== null && asked in ranges ? asked : gone ? '24h' : 'live';
  const zoomFrom = Number(params.get('from'));
  const zoomTo = Number(params.get('to'));
  const zoom = zoomFrom > 0 && zoomTo > zoomFrom ? { from: zoomFrom, to: zoomTo } : undefined;

  const show = (next: { range?: Range; from?: number; to?: number }) => {
    const query = new URLSearchParams();
    const wanted = next.range ?? range;
    if (wanted !== 'live') query.set('range', wanted);
    if (next.from !== undefined && next.to !== undefined) {
      query.set('from', String(Math.floor(next.from)));
      query.set('to', String(Math.ceil(next.to)));
    }
    const text = query.toString();
    window.history.pushState(null, '', `${window.location.pathname}${text === '' ? '' : `?${text}`}`);
  };

  // A stored window moves on now and then, not with every second.
  const stepMsec = Math.floor(nowMsec / storedRefreshMsec) * storedRefreshMsec;
  const endMsec = gone && endedAtMsec !== undefined ? Math.min(stepMsec, endedAtMsec + 60_000) : stepMsec;
  const stored =
    range === 'live' || nowMsec === 0
      ? undefined
      : zoom
        ? { fromMsec: zoom.from * 1000, toMsec: zoom.to * 1000 }
        : { fromMsec: endMsec - ranges[range], toMsec: endMsec };
  const shown =
    zoom ??
    (stored ? { from: stored.fromMsec / 1000, to: stored.toMsec / 1000 } : { from: (nowMsec - liveMsec) / 1000, to: nowMsec / 1000 });
  return { range, shown, stored, zoomed: zoom !== undefined, ready: nowMsec > 0, show };
}
