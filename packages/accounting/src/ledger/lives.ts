import { type LedgerReading, type MeterId, meterFacts, meterIds, type UsageRowFlag } from '@bulkhead/model';
import { canonicalJson } from '../canonical.ts';
import { growthOf, inOrder } from '../step.ts';
import { toMsec } from './cells.ts';

/** A wall clock that moved against the boot clock by more than this was set. */
const clockSetMsec = 1000;
/** Beside that, the clock may have been slewed: by half a thousandth at most (adjtimex(2)), and twice that is allowed for. */
const slewed = 1000;
/** A life shorter than this was not sampled twice, so that its gauges are an estimate. */
export const shortLifeMsec = 2000;

interface Moment {
  bootMsec: number;
  wallMsec: number;
}

/** From one reading of a meter to the next one. */
export interface Step {
  meter: MeterId;
  /** Positions of its two readings in the life; -1: the beginning of the incarnation. */
  before: number;
  after: number;
  /** On the wall clock, as labels. */
  fromMsec: number;
  toMsec: number;
  durationMsec: number;
  quantity: bigint;
  unmeasuredMsec: bigint;
  flags: Set<UsageRowFlag>;
}

/** One incarnation of one resource: its readings in order, and the steps of each meter. */
export interface Life {
  readings: readonly LedgerReading[];
  conflicts: ReadonlySet<bigint>;
  late: ReadonlySet<number>;
  steps: Step[];
}

const lifeKey = ({ incarnation, resource }: LedgerReading): string =>
  `${incarnation.hostId} ${incarnation.bootId} ${incarnation.cgroupIno} ${resource.kind} ${resource.id}`;

const isSame = (left: LedgerReading, right: LedgerReading): boolean => left === right || canonicalJson(left) === canonicalJson(right);

interface Timing {
  /** Where the life begins, which is not known of adopted ones. */
  begin: Moment | undefined;
  /** Where each reading stands on both clocks. */
  moments: Moment[];
  /** Positions of final readings that were taken long after the end they tell of. */
  late: ReadonlySet<number>;
}

function timingOf(readings: readonly LedgerReading[]): Timing {
  const moments = readings.map(({ boottimeMsec, at }) => ({ bootMsec: Number(boottimeMsec), wallMsec: toMsec(at) }));
  const late = new Set<number>();
  // What came with the last reading happened before the last process ended, which may be long before the reading.
  for (const [position, { final, ageMsec }] of readings.entries()) {
    const [moment, before] = [moments[position], moments[position - 1]];
    const ageBefore = readings[position - 1]?.ageMsec;
    if (!final || ageMsec === undefined || moment === undefined || before === undefined || ageBefore === undefined) continue;
    const lateMsec = moment.bootMsec - before.bootMsec - Math.max(0, Number(ageMsec) - Number(ageBefore));
    // Ages are rounded to milliseconds, and a reading takes its time.
    if (lateMsec <= clockSetMsec) continue;
    moments[position] = earlier(moment, lateMsec);
    late.add(position);
  }
  const [first, start] = [readings[0], moments[0]];
  const isKnown = first !== undefined && start !== undefined && first.origin === 'created' && first.ageMsec !== undefined;
  return { begin: isKnown ? earlier(start, Number(first.ageMsec)) : undefined, moments, late };
}

const earlier = ({ bootMsec, wallMsec }: Moment, byMsec: number): Moment => ({ bootMsec: bootMsec - byMsec, wallMsec: wallMsec - byMsec });

/** Labels of the time between two moments. Where the wall clock was set in between, the new time counts. */
function between(before: Moment, after: Moment): Pick<Step, 'fromMsec' | 'toMsec' | 'durationMsec'> & { isClockSet: boolean } {
  const durationMsec = Math.max(0, after.bootMsec - before.bootMsec);
  const jumpedMsec = Math.abs(after.wallMsec - before.wallMsec - durationMsec);
  const isClockSet = jumpedMsec > clockSetMsec + durationMsec / slewed;
  const fromMsec = isClockSet || before.wallMsec > after.wallMsec ? after.wallMsec - durationMsec : before.wallMsec;
  return { fromMsec, toMsec: after.wallMsec, durationMsec, isClockSet };
}

function stepsOf({ readings, conflicts, begin, moments }: Omit<Life, 'steps'> & Timing, meter: MeterId): Step[] {
  const { kind } = meterFacts[meter];
  const [first] = readings;
  const isAdopted = first?.origin === 'adopted';
  const lastAge = readings.at(-1)?.ageMsec;
  const isShort = kind === 'integral' && lastAge !== undefined && Number(lastAge) < shortLifeMsec;
  const steps: Step[] = [];
  let last: { position: number; value: bigint; unmeasuredMsec: bigint } | undefined;
  for (const [position, reading] of readings.entries()) {
    const text = reading.meters[meter];
    const moment = moments[position];
    if (text === undefined || moment === undefined) continue;
    const value = BigInt(text);
    const unmeasured = kind === 'integral' ? BigInt(reading.unmeasuredMsec) : 0n;
    const before = last;
    last = { position, value, unmeasuredMsec: unmeasured };
    if (isAdopted && before === undefined) continue;
    const start = before === undefined ? (begin ?? moment) : (moments[before.position] ?? moment);
    const { isClockSet, ...span } = between(start, moment);
    const { quantity, isReset } = growthOf(before?.value ?? 0n, value);
    const flags = new Set<UsageRowFlag>();
    if (isReset) flags.add('reset');
    if (isClockSet) flags.add('clock');
    if (isShort) flags.add('estimate');
    if (isAdopted && steps.length === 0) flags.add('baseline');
    if (conflicts.has(BigInt(reading.boottimeMsec))) flags.add('conflict');
    // A peak of before it was taken up is nobody's.
    if (kind === 'peak' && quantity === 0n && isAdopted && steps.length === 0) continue;
    steps.push({
      meter,
      before: before?.position ?? -1,
      after: position,
      ...span,
      quantity: kind === 'peak' ? value : quantity,
      unmeasuredMsec: growthOf(before?.unmeasuredMsec ?? 0n, unmeasured).quantity,
      flags,
    });
  }
  return steps;
}

/** The lives that readings tell of, by their identity. Order and repetition of readings change nothing. */
export function livesOf(readings: readonly LedgerReading[]): Life[] {
  return [...Map.groupBy(readings, lifeKey)]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([, records]) => {
      const life = inOrder(records, isSame);
      const timed = { ...life, ...timingOf(life.readings) };
      const present = new Set(life.readings.flatMap(({ meters }) => Object.keys(meters)));
      return { ...life, late: timed.late, steps: meterIds.filter((id) => present.has(id)).flatMap((id) => stepsOf(timed, id)) };
    });
}
