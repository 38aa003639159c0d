import { Problem } from '@bulkhead/model';

/** A time that somebody typed, in UTC; undefined where none was. */
export function toTimestamp(option: string, text: string): string;
export function toTimestamp(option: string, text: string | undefined): string | undefined;
export function toTimestamp(option: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw new Problem('invalid', `${option}: "${text}" is no time; write it like 2026-01-31T12:00:00Z`);
  return new Date(at).toISOString();
}
