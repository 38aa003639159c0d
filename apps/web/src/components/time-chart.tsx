'use client';
import 'uplot/dist/uPlot.min.css';
import { useMantineColorScheme } from '@mantine/core';
import { useTranslations } from 'next-intl';
import { useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import { type Series, summarise } from '../lib/series.ts';
import css from './time-chart.module.css';

/** Something that happened, drawn as a mark through the chart. */
export interface ChartMark {
  atMsec: number;
  label: string;
  /** All there is to say, for whoever points at it. */
  title?: string;
  state: 'good' | 'attention' | 'bad' | 'unknown';
}

export interface TimeChartProps {
  title: string;
  series: Series;
  tone: 'cpu' | 'memory' | 'io';
  /** Writes a value with its unit. */
  format(value: number): string;
  /** Steps of the axis that come out round in the unit. */
  increments: readonly number[];
  limit?: number | undefined;
  limitLabel?: string | undefined;
  marks?: readonly ChartMark[];
  /** Seconds since 1970. */
  window: { from: number; to: number };
  locale: string;
  /** False where the last value is a stored one, not that of this moment. */
  live: boolean;
  /** Charts of one page share it: their cursors move together. */
  cursorKey: string;
  onZoom?(from: number, to: number): void;
  /** Why nothing was measured, where that is known. */
  missing?: string | undefined;
}

const height = 176;
/** Who points so near at a mark, in pixels, means it. */
const markReach = 6;
/** A limit far above all that was used would press the line flat: it is named, not drawn. */
const limitInSight = 0.2;

const colour = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** One quantity over time: from zero, with its unit, limit and marks, gaps left open. */
export function TimeChart(props: TimeChartProps) {
  const t = useTranslations('chart');
  const { colorScheme } = useMantineColorScheme();
  const host = useRef<HTMLDivElement>(null);
  const readout = useRef<HTMLSpanElement>(null);
  const plot = useRef<uPlot>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const { title, series, format, limit, limitLabel, tone, locale, cursorKey, window: shown } = props;
  const summary = summarise(series);
  const [pointed, setPointed] = useState(false);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the plot is made once for a look and a language; data and window follow below
  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const current = () => latest.current;
    const clock = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
    const day = new Intl.DateTimeFormat(locale, { month: 'numeric', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
    const short = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
    const label = (seconds: number, spanSeconds: number) =>
      (spanSeconds > 86_400 ? day : spanSeconds < 600 ? clock : short).format(seconds * 1000);
    const scaleTop = () => {
      const { series: data, limit: bound } = current();
      const most = Math.max(0, ...data.y.map((value) => value ?? 0));
      return bound !== undefined && most >= bound * limitInSight ? Math.max(most, bound) * 1.06 : most * 1.12 || (bound ?? 1);
    };
    const shownSpan = () => current().window.to - current().window.from;
    const drawLine = (self: uPlot, y: number, stroke: string) => {
      const { ctx, bbox } = self;
      ctx.save();
      ctx.strokeStyle = stroke;
      ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
      ctx.restore();
    };
    const drawMarks = (self: uPlot) => {
      const { ctx, bbox } = self;
      const bound = current().limit;
      if (bound !== undefined && bound <= (self.scales.y?.max ?? 0)) drawLine(self, self.valToPos(bound, 'y', true), colour('--bad'));
      // Words that would lie over each other are left out: pointing at the line tells them.
      let writtenTo = Number.NEGATIVE_INFINITY;
      const marks = [...(current().marks ?? [])].sort((one, other) => one.atMsec - other.atMsec);
      for (const mark of marks) {
        const x = self.valToPos(mark.atMsec / 1000, 'x', true);
        if (x < bbox.left || x > bbox.left + bbox.width) continue;
        ctx.save();
        ctx.strokeStyle = colour(`--${mark.state}`);
        ctx.fillStyle = ctx.strokeStyle;
        ctx.lineWidth = devicePixelRatio;
        ctx.beginPath();
        ctx.moveTo(x, bbox.top);
        ctx.lineTo(x, bbox.top + bbox.height);
        ctx.stroke();
        ctx.font = `${11 * devicePixelRatio}px ${getComputedStyle(document.body).fontFamily}`;
        ctx.textBaseline = 'top';
        const { width } = ctx.measureText(mark.label);
        const right = x + width > bbox.left + bbox.width;
        const from = right ? x - width : x;
        if (from > writtenTo) {
          ctx.textAlign = right ? 'right' : 'left';
          ctx.fillText(mark.label, x, bbox.top - 14 * devicePixelRatio);
          writtenTo = from + width + 4 * devicePixelRatio;
        }
        ctx.restore();
      }
    };
    const axis = {
      stroke: () => colour('--ink-faint'),
      font: `11px ${getComputedStyle(document.body).fontFamily}`,
      ticks: { show: false },
    };
    const line = colour(`--data-${tone}`);
    const made = new uPlot(
      {
        width: element.clientWidth,
        height,
        // Above for the words of marks, at the right for half of the last time.
        padding: [18, 18, 0, 0],
        legend: { show: false },
        cursor: { sync: { key: cursorKey }, y: false, points: { size: 6 }, drag: { x: true, y: false, setScale: false } },
        scales: {
          x: { time: true, range: () => [current().window.from, current().window.to] },
          y: { range: () => [0, scaleTop()] },
        },
        axes: [
          {
            ...axis,
            grid: { show: false },
            size: 24,
            space: 72,
            values: (self, ticks) => ticks.map((tick) => label(tick, (self.scales.x?.max ?? 0) - (self.scales.x?.min ?? 0))),
          },
          {
            ...axis,
            grid: { stroke: () => colour('--line'), width: 1 },
            size: 72,
            space: 36,
            incrs: [...current().increments],
            values: (_, ticks) => ticks.map((tick) => current().format(tick)),
          },
        ],
        series: [{}, { stroke: line, width: 1.5, fill: `${line}1f`, spanGaps: false, points: { show: false } }],
        hooks: {
          draw: [drawMarks],
          setCursor: [
            (self) => {
              const left = self.cursor.left ?? -1;
              const near = (current().marks ?? [])
                .map((mark) => ({ mark, distance: Math.abs(self.valToPos(mark.atMsec / 1000, 'x') - left) }))
                .filter(({ mark, distance }) => mark.title !== undefined && left >= 0 && distance <= markReach)
                .sort((one, other) => one.distance - other.distance)[0];
              if (near !== undefined && readout.current !== null) {
                setPointed(true);
                readout.current.textContent = near.mark.title ?? '';
                return;
              }
              const index = self.cursor.idx;
              const at = index === null || index === undefined ? undefined : self.data[0][index];
              const value = index === null || index === undefined ? undefined : self.data[1]?.[index];
              setPointed(at !== undefined);
              if (readout.current === null || at === undefined) return;
              readout.current.textContent = `${(shownSpan() > 86_400 ? day : clock).format(at * 1000)}  ${value === null || value === undefined ? '–' : current().format(value)}`;
            },
          ],
          setSelect: [
            (self) => {
              if (self.select.width < 8) return;
              current().onZoom?.(self.posToVal(self.select.left, 'x'), self.posToVal(self.select.left + self.select.width, 'x'));
              self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            },
          ],
        },
      },
      [current().series.x, current().series.y],
      element,
    );
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [colorScheme, locale, tone, cursorKey]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new window, limit or mark is drawn anew with the same data
  useEffect(() => {
    plot.current?.setData([series.x, series.y], true);
  }, [series, shown.from, shown.to, limit, props.marks]);

  const words = summary
    ? t(props.live ? 'summary' : 'summaryStored', {
        last: format(summary.last),
        min: format(summary.min),
        max: format(summary.max),
        mean: format(summary.mean),
      })
    : (props.missing ?? t('nothing'));
  return (
    <figure className={css.chart}>
      <figcaption className={css.head}>
        <span className={css.title}>{title}</span>
        {/* What is pointed at takes the place of the summary, so that nothing moves. */}
        <span className={css.readout} ref={readout} hidden={!pointed} aria-hidden="true" />
        <span className={css.words} hidden={pointed} title={words}>
          {words}
        </span>
        {limit !== undefined && limitLabel !== undefined && <span className={css.limit}>{limitLabel}</span>}
      </figcaption>
      <div ref={host} className={css.plot} role="img" aria-label={`${title}. ${words}`} style={{ height }} />
    </figure>
  );
}
