import type { CgroupGaps, CgroupReason } from '@bulkhead/api';
import type { CgroupPressure, CgroupUse } from '@bulkhead/model';

export interface PressureReading {
  resource: 'cpu' | 'memory' | 'io';
  /** `some`: at least one task stood still; `full`: all did. */
  kind: 'some' | 'full';
  share: number;
}

/** The worst of what was measured; undefined where nothing was. */
export function worstPressure(pressure: CgroupPressure | undefined): PressureReading | undefined {
  if (pressure === undefined) return undefined;
  const readings = [
    { resource: 'cpu', kind: 'some', share: pressure.cpuSome },
    { resource: 'memory', kind: 'some', share: pressure.memorySome },
    { resource: 'memory', kind: 'full', share: pressure.memoryFull },
    { resource: 'io', kind: 'some', share: pressure.ioSome },
    { resource: 'io', kind: 'full', share: pressure.ioFull },
  ] as const;
  let worst: PressureReading | undefined;
  for (const { share, ...reading } of readings)
    if (share !== undefined && (worst === undefined || share > worst.share)) worst = { ...reading, share };
  return worst;
}

/** How hot a share is drawn: 0 is none, 4 means that somebody waits most of the time. */
export function heatOf(share: number): 0 | 1 | 2 | 3 | 4 {
  if (share < 0.001) return 0;
  if (share < 0.05) return 1;
  if (share < 0.2) return 2;
  return share < 0.5 ? 3 : 4;
}

/** Why a host does not tell of something of any cgroup; undefined where it does, or does not say. */
export const reasonFor = (gaps: CgroupGaps | undefined, what: string): CgroupReason | undefined =>
  gaps?.reasons.find((reason) => reason.startsWith(`${what}-`));

/** Bytes per second both ways; undefined where neither was measured. */
export const ioOf = ({ ioReadBytesPerSecond: read, ioWriteBytesPerSecond: written }: CgroupUse): number | undefined =>
  read === undefined && written === undefined ? undefined : (read ?? 0) + (written ?? 0);
