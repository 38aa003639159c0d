import { type BillingPeriod, Problem, type Timestamp, type TimeZone } from '@bulkhead/model';
import { toMsec, toTimestamp } from '../ledger/cells.ts';

/** Time zones need Temporal: Node has it; a browser that lacks it asks the control plane for periods instead. */
function temporal(): typeof Temporal {
  if (typeof globalThis.Temporal !== 'undefined') return globalThis.Temporal;
  throw new Problem('unsupported', 'this browser does not know the bounds of months in time zones (it has no Temporal)', {
    remedy: 'take periods from the control plane, or use a newer browser',
  });
}

const startOfDay = (date: Temporal.PlainDate, zone: TimeZone): number => date.toZonedDateTime(zone).epochMilliseconds;

/** The month `2026-03` of a zone: 743 hours in Berlin, for a day of it has 23. */
export function monthOf(month: string, zone: TimeZone): BillingPeriod {
  const first = temporal().PlainYearMonth.from(month).toPlainDate({ day: 1 });
  return {
    start: toTimestamp(startOfDay(first, zone)),
    end: toTimestamp(startOfDay(first.add({ months: 1 }), zone)),
    zone,
    month: first.toString().slice(0, 7),
  };
}

/** The month of a zone that a moment lies in. */
export function monthAt(at: Timestamp, zone: TimeZone): BillingPeriod {
  const date = temporal().Instant.from(at).toZonedDateTimeISO(zone).toPlainDate();
  return monthOf(date.toString().slice(0, 7), zone);
}

export interface Span {
  startMsec: number;
  endMsec: number;
}

export const spanOf = ({ start, end }: { start: Timestamp; end: Timestamp }): Span => ({ startMsec: toMsec(start), endMsec: toMsec(end) });

/** Days of a period in its zone: of 23 or 25 hours where the clock changes. */
export function daysOf(period: BillingPeriod): Span[] {
  const { startMsec, endMsec } = spanOf(period);
  const { zone } = period;
  let date = temporal().Instant.fromEpochMilliseconds(startMsec).toZonedDateTimeISO(zone).toPlainDate();
  const days: Span[] = [];
  for (let start = startMsec; start < endMsec; ) {
    date = date.add({ days: 1 });
    const end = Math.min(endMsec, startOfDay(date, zone));
    days.push({ startMsec: start, endMsec: end });
    start = end;
  }
  return days;
}
