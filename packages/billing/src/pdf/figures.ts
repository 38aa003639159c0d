import { Decimal } from '@bulkhead/accounting';
import type { Timestamp } from '@bulkhead/model';

const grouped = (whole: string): string => whole.replace(/\B(?=(?:\d{3})+$)/g, ',');

/** Decimal text with commas between thousands: `-1,234.50`. Every digit stays. A hyphen, for the font's minus is as wide as a Chinese character. */
export function groupDigits(text: string): string {
  const [, sign = '', whole = '', fraction] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  return `${sign}${grouped(whole)}${fraction === undefined ? '' : `.${fraction}`}`;
}

/** A quantity to at most six decimals, without zeros at its end. */
export const shownQuantity = (text: string): string => groupDigits(Decimal.parse(text).round(6, 'half-even').toShortText());

/** `0.19` as `19`. */
export const percentOf = (share: string): string => Decimal.parse(share).times(new Decimal(100n, 0)).toShortText();

/** Millionths as per cent, rounded down already. */
export const percentOfPpm = (ppm: number): string => new Decimal(BigInt(ppm), 4).toShortText();

/** `2026-03-01 00:00:00`, in UTC. */
export const shownTime = (at: Timestamp): string => at.slice(0, 19).replace('T', ' ');

export const hoursBetween = (start: Timestamp, end: Timestamp): number => (Date.parse(end) - Date.parse(start)) / 3_600_000;
