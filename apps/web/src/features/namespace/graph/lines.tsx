'use client';
import { ViewportPortal } from '@xyflow/react';
import { memo } from 'react';
import css from './graph.module.css';
import type { Placed } from './placement.ts';

/** From the head of one box to that of another, named for what is in both. */
export interface Line {
  key: string;
  label: string;
  from: { x: number; y: number };
  to: { x: number; y: number };
}

const headMiddle = 14;

/** Where a line ends at a box: in the middle of its head. */
export const headOf = ({ x, y, width }: Placed): { x: number; y: number } => ({ x: x + width / 2, y: y + headMiddle });

/** Lines over the rooms, in the coordinates of the canvas. */
export const Lines = memo(function Lines({ lines }: { lines: readonly Line[] }) {
  if (lines.length === 0) return null;
  return (
    <ViewportPortal>
      <svg className={css.lines} data-lines={lines.length} aria-hidden="true">
        {lines.map(({ key, label, from, to }) => (
          <g key={key} data-line={key}>
            <line x1={from.x} y1={from.y} x2={to.x} y2={to.y} />
            <circle cx={from.x} cy={from.y} r={4} />
            <circle cx={to.x} cy={to.y} r={4} />
            <text x={(from.x + to.x) / 2} y={(from.y + to.y) / 2 - 6} textAnchor="middle">
              {label}
            </text>
          </g>
        ))}
      </svg>
    </ViewportPortal>
  );
});
