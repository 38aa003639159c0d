import type { LedgerReading } from '@bulkhead/model';
import { type Life, livesOf, type Step } from './lives.ts';
import { RowBook, type RowOptions } from './row-book.ts';

/** Whether a step must stay as it is: merged with its neighbours it would give other rows. */
function isBounding(step: Step, life: Life, cells: ReturnType<RowBook['cellsOf']>): boolean {
  const { before, after } = step;
  const unmeasured = (position: number): bigint => BigInt(life.readings[position]?.unmeasuredMsec ?? 0);
  return (
    before < 0 ||
    step.flags.has('reset') ||
    step.flags.has('clock') ||
    step.flags.has('conflict') ||
    step.flags.has('baseline') ||
    unmeasured(after) < unmeasured(before) ||
    cells.hasCut(step.fromMsec, step.toMsec)
  );
}

/** Adds readings until no step between two kept ones spans more than the clock's slewing allows. */
function keepWithin(life: Life, kept: Set<number>): LedgerReading[] {
  const readings = life.readings.filter((_, position) => kept.has(position));
  const isClockSet = livesOf(readings).some(({ steps }) =>
    steps.some((step) => step.flags.has('clock') && step.before >= 0 && !isTold(life, readings, step)),
  );
  return isClockSet ? [...life.readings] : readings;
}

/** Whether a step of the kept readings is a step of the whole life too. */
const isTold = (life: Life, readings: readonly LedgerReading[], { meter, before, after }: Step): boolean =>
  life.steps.some(
    (step) => step.meter === meter && life.readings[step.before] === readings[before] && life.readings[step.after] === readings[after],
  );

/**
 * The readings that bound rows, out of all there are: with `maximumStepMsec: 'max'`, `rowsOfReadings` makes the same rows
 * of them. A month of a container is some 1,500 readings instead of 44,000.
 *
 * @param options those that the rows were made with
 */
export function boundingReadings(readings: readonly LedgerReading[], options: RowOptions = {}): LedgerReading[] {
  const book = new RowBook(options);
  return livesOf(readings).flatMap((life) => {
    const kept = new Set([0, life.readings.length - 1]);
    const lastOfMeter = new Map<string, number>();
    for (const step of life.steps) {
      const cells = book.cellsOf((life.readings[step.after] as LedgerReading).resource);
      if (isBounding(step, life, cells)) {
        if (step.before >= 0) kept.add(step.before);
        kept.add(step.after);
      }
      lastOfMeter.set(step.meter, step.after);
    }
    for (const position of lastOfMeter.values()) kept.add(position);
    const chosen = keepWithin(life, kept);
    const moments = new Set(chosen.map(({ boottimeMsec }) => boottimeMsec));
    // Both reports of a moment that was told twice: the first one counts.
    return life.conflicts.size === 0 ? chosen : readings.filter((reading) => moments.has(reading.boottimeMsec) && isOf(life, reading));
  });
}

const isOf = ({ readings: [first] }: Life, { incarnation, resource }: LedgerReading): boolean =>
  first !== undefined &&
  incarnation.bootId === first.incarnation.bootId &&
  incarnation.cgroupIno === first.incarnation.cgroupIno &&
  resource.kind === first.resource.kind &&
  resource.id === first.resource.id &&
  resource.hostId === first.resource.hostId;
