import type { BillingPeriod, LedgerReading } from '@bulkhead/model';
import { toMsec } from './cells.ts';
import { type Life, livesOf, type Step } from './lives.ts';
import { RowBook, type RowOptions } from './row-book.ts';

/** Whether a step must stay as it is: merged with its neighbours it would give other rows. */
function isBounding(step: Step, life: Life, cells: ReturnType<RowBook['cellsOf']>): boolean {
  const { before, after, flags } = step;
  const unmeasured = (position: number): bigint => BigInt(life.readings[position]?.unmeasuredMsec ?? 0);
  return (
    before < 0 ||
    (['reset', 'clock', 'conflict', 'baseline'] as const).some((flag) => flags.has(flag)) ||
    unmeasured(after) < unmeasured(before) ||
    cells.hasCut(step.fromMsec, step.toMsec)
  );
}

/** Positions from the first to the last reading that a period needs; all where the clock was set, for then labels do not follow readings. */
function spanWithin({ readings, steps }: Life, period: Pick<BillingPeriod, 'start' | 'end'> | undefined): { first: number; last: number } {
  const all = { first: 0, last: readings.length - 1 };
  if (period === undefined || steps.some(({ flags }) => flags.has('clock'))) return all;
  const [startMsec, endMsec] = [toMsec(period.start), toMsec(period.end)];
  const needed = steps.filter(({ fromMsec, toMsec: to }) => fromMsec <= endMsec && to >= startMsec);
  if (needed.length === 0) return { first: 0, last: -1 };
  const first = needed.reduce((least, { before }) => Math.min(least, before), readings.length);
  return { first: Math.max(0, first), last: needed.reduce((most, { after }) => Math.max(most, after), 0) };
}

function positionsOf(life: Life, book: RowBook, period: RowOptions['period']): Set<number> {
  const { first, last } = spanWithin(life, period);
  const kept = new Set<number>();
  if (last < first) return kept;
  const lastOfMeter = new Map<string, number>();
  for (const step of life.steps) {
    const isBaseline = step.flags.has('baseline');
    if (step.after <= last) lastOfMeter.set(step.meter, step.after);
    if (!isBaseline && (step.after < first || step.before > last)) continue;
    const cells = book.cellsOf((life.readings[step.after] as LedgerReading).resource);
    if (!isBounding(step, life, cells)) continue;
    if (step.before >= 0) kept.add(step.before);
    kept.add(step.after);
  }
  for (const position of lastOfMeter.values()) kept.add(position);
  for (const position of life.late) kept.add(position - 1).add(position);
  // The age of the last reading tells whether the life was a short one.
  return kept
    .add(first)
    .add(last)
    .add(life.readings.length - 1);
}

/** Steps of chosen readings may add up to more slewing of the clock than one step is allowed: then all are kept. */
function isClockTold(life: Life, chosen: readonly LedgerReading[]): boolean {
  const told = new Set(
    life.steps.filter(({ flags }) => flags.has('clock')).map(({ meter, after }) => `${meter} ${life.readings[after]?.boottimeMsec}`),
  );
  return livesOf(chosen).every(({ readings, steps }) =>
    steps.every(({ meter, after, flags }) => !flags.has('clock') || told.has(`${meter} ${readings[after]?.boottimeMsec}`)),
  );
}

/**
 * The readings that bound rows, out of all there are: with `maximumStepMsec: 'max'`, `rowsOfReadings` makes the same rows
 * of them within the period (all rows, where none is told). A month of a container is some 1,500 readings instead of 44,000.
 *
 * @param options those that the rows were made with
 */
export function boundingReadings(readings: readonly LedgerReading[], options: RowOptions = {}): LedgerReading[] {
  const book = new RowBook(options);
  return livesOf(readings).flatMap((life) => {
    const positions = positionsOf(life, book, options.period);
    const some = life.readings.filter((_, position) => positions.has(position));
    const chosen = isClockTold(life, some) ? some : [...life.readings];
    if (life.conflicts.size === 0) return chosen;
    // Both reports of a moment that was told twice: the first one counts.
    const moments = new Set(chosen.map(({ boottimeMsec }) => boottimeMsec));
    return readings.filter((reading) => moments.has(reading.boottimeMsec) && isOf(life, reading));
  });
}

const isOf = ({ readings: [first] }: Life, { incarnation, resource }: LedgerReading): boolean =>
  first !== undefined &&
  incarnation.hostId === first.incarnation.hostId &&
  incarnation.bootId === first.incarnation.bootId &&
  incarnation.cgroupIno === first.incarnation.cgroupIno &&
  resource.kind === first.resource.kind &&
  resource.id === first.resource.id;
