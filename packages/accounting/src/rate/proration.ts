import type { BillingPeriod, Proration } from '@bulkhead/model';
import { daysOf, type Span, spanOf } from './period.ts';
import type { PlanSegment } from './segments.ts';

/** Exact share of an amount: `part` of `whole`. */
export interface Share {
  part: bigint;
  whole: bigint;
}

/** Days of the period that each segment was the first to be in force on. */
function daysOfSegments(period: BillingPeriod, spans: readonly Span[]): { counts: number[]; days: number } {
  const days = daysOf(period);
  const counts = spans.map(() => 0);
  for (const day of days) {
    const first = spans.findIndex(({ startMsec, endMsec }) => startMsec < day.endMsec && endMsec > day.startMsec);
    if (first >= 0) counts[first] = (counts[first] ?? 0) + 1;
  }
  return { counts, days: days.length };
}

/** What part of a fixed amount each segment of a period bears. Segments are in order and do not overlap. */
export class Prorations {
  readonly #period: BillingPeriod;
  readonly #spans: readonly Span[];
  #days: ReturnType<typeof daysOfSegments> | undefined;

  constructor(period: BillingPeriod, segments: readonly PlanSegment[]) {
    this.#period = period;
    this.#spans = segments.map(spanOf);
  }

  share(segment: number, proration: Proration): Share {
    const span = this.#spans[segment];
    if (span === undefined) throw new RangeError(`there is no segment ${segment}`);
    switch (proration) {
      case 'none':
        return { part: 1n, whole: 1n };
      case 'day': {
        this.#days ??= daysOfSegments(this.#period, this.#spans);
        return { part: BigInt(this.#days.counts[segment] ?? 0), whole: BigInt(this.#days.days) };
      }
      case 'second': {
        const { startMsec, endMsec } = spanOf(this.#period);
        // Both are whole seconds.
        return { part: BigInt((span.endMsec - span.startMsec) / 1000), whole: BigInt((endMsec - startMsec) / 1000) };
      }
    }
  }
}
