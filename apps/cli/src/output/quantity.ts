import { Problem } from '@bulkhead/model';

const binaryUnits = ['', 'K', 'M', 'G', 'T', 'P'];

const wrong = (option: string, text: string, expected: string) => new Problem('invalid', `${option}: "${text}" is not ${expected}`);

/** `512M`, `1.5G`, `1073741824`: powers of 1024, with or without a final `B` or `iB`. Exact: no float is involved. */
export function parseBytes(option: string, text: string): number {
  const expected = 'a size; write it like 256M or 1.5G';
  const found = /^(\d{1,15})(?:\.(\d{1,9}))?\s*([KMGTP]?)(?:i?B)?$/i.exec(text.trim());
  if (found === null) throw wrong(option, text, expected);
  const [, whole = '0', fraction = '', unit = ''] = found;
  const factor = 1024n ** BigInt(binaryUnits.indexOf(unit.toUpperCase()));
  const bytes = (BigInt(whole + fraction) * factor) / 10n ** BigInt(fraction.length);
  if (bytes > BigInt(Number.MAX_SAFE_INTEGER)) throw new Problem('invalid', `${option}: "${text}" is more than any machine has`);
  return Number(bytes);
}

/** CPUs as people write them, `0.5` or `2`, in thousandths. */
export function parseCpuMillis(option: string, text: string): number {
  const found = /^(\d{1,4})(?:\.(\d{1,9}))?$/.exec(text.trim());
  if (found === null) throw wrong(option, text, 'a number of CPUs; write it like 0.5 or 2');
  const [, whole = '0', fraction = ''] = found;
  if (/[1-9]/.test(fraction.slice(3)))
    throw new Problem('invalid', `${option}: "${text}" is finer than a thousandth of a CPU, the finest there is`);
  return Number(whole) * 1000 + Number(fraction.slice(0, 3).padEnd(3, '0'));
}

/** A whole number without sign. */
export function parseCount(option: string, text: string): number {
  if (!/^\d{1,15}$/.test(text.trim())) throw wrong(option, text, 'a whole number');
  return Number(text);
}

/** `30`, `0.5`: seconds. */
export function parseSeconds(option: string, text: string): number {
  if (!/^\d{1,9}(?:\.\d{1,6})?$/.test(text.trim())) throw wrong(option, text, 'a number of seconds');
  return Number(text);
}

/** Bytes for people: `268435456` is `256M`. Decimal text stays exact below the rounding. */
export function formatBytes(bytes: string | number | bigint): string {
  let value = Number(bytes);
  let unit = 0;
  while (value >= 1024 && unit < binaryUnits.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 || Number.isInteger(value) ? Math.round(value) : value.toFixed(1)}${binaryUnits[unit]}${unit === 0 ? 'B' : ''}`;
}

/** How long something took or has been, in the largest fitting unit. */
export function formatDuration(seconds: number): string {
  const spans: readonly [number, string][] = [
    [86_400, 'day'],
    [3600, 'hour'],
    [60, 'minute'],
    [1, 'second'],
  ];
  for (const [size, name] of spans) {
    const count = Math.floor(seconds / size);
    if (count >= 1) return `${count} ${name}${count === 1 ? '' : 's'}`;
  }
  return 'less than a second';
}
