/** How quantities are written: at most three significant digits beside the unit, the exact value for hover and copy. */
export interface Quantity {
  /** `312 MiB` */
  text: string;
  /** `327,155,712 bytes`, in full */
  exact: string;
}

export interface UnitWords {
  bytes: string;
  cores: string;
  perSecond: string;
  microseconds: string;
}

const binaryUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'] as const;

const threeDigits = (locale: string, value: number): string =>
  new Intl.NumberFormat(locale, value >= 1000 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 }).format(value);

export const exactNumber = (locale: string, value: bigint | number): string =>
  new Intl.NumberFormat(locale, { maximumFractionDigits: 6 }).format(value);

/** Value and unit so that at most three digits stand in front of the unit: 1,000 KiB are 0.977 MiB. */
export function scaleBytes(bytes: number): { value: number; unit: (typeof binaryUnits)[number] } {
  let value = bytes;
  let index = 0;
  while (Math.round(value) >= 1000 && index < binaryUnits.length - 1) {
    value /= 1024;
    index += 1;
  }
  return { value, unit: binaryUnits[index] ?? 'B' };
}

export function formatBytes(locale: string, bytes: bigint | number, words: Pick<UnitWords, 'bytes'>): Quantity {
  const { value, unit } = scaleBytes(Number(bytes));
  return { text: `${threeDigits(locale, value)} ${unit}`, exact: `${exactNumber(locale, bytes)} ${words.bytes}` };
}

export function formatBytesPerSecond(locale: string, bytesPerSecond: number, words: Pick<UnitWords, 'bytes'>): Quantity {
  const { value, unit } = scaleBytes(bytesPerSecond);
  return { text: `${threeDigits(locale, value)} ${unit}/s`, exact: `${exactNumber(locale, bytesPerSecond)} ${words.bytes}/s` };
}

/** Thousandths of a CPU as cores: `0.503 cores`. Below a thousandth nothing can be told apart. */
export function formatCores(locale: string, millis: number, words: Pick<UnitWords, 'cores'>): Quantity {
  const cores = millis / 1000;
  const rounded = cores !== 0 && cores < 0.001 ? `< ${threeDigits(locale, 0.001)}` : threeDigits(locale, Math.round(cores * 1000) / 1000);
  return { text: `${rounded} ${words.cores}`, exact: `${exactNumber(locale, cores)} ${words.cores}` };
}

const durationUnits: readonly { unit: Intl.NumberFormatOptions['unit']; seconds: number }[] = [
  { unit: 'day', seconds: 86_400 },
  { unit: 'hour', seconds: 3_600 },
  { unit: 'minute', seconds: 60 },
  { unit: 'second', seconds: 1 },
  { unit: 'millisecond', seconds: 1e-3 },
  { unit: 'microsecond', seconds: 1e-6 },
];

/** A length of time in the largest unit that it fills: `1.24 h`, `83.4 s`, `512 ms`. */
export function formatDuration(locale: string, usec: bigint | number, words: Pick<UnitWords, 'microseconds'>): Quantity {
  const seconds = Number(usec) / 1e6;
  const chosen = durationUnits.find((candidate) => seconds >= candidate.seconds) ?? { unit: 'second', seconds: 1 };
  const value = Number((seconds / chosen.seconds).toPrecision(3));
  return {
    text: new Intl.NumberFormat(locale, {
      style: 'unit',
      unit: chosen.unit,
      unitDisplay: 'short',
      ...(value >= 1000 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 }),
    } as Intl.NumberFormatOptions).format(value),
    exact: `${exactNumber(locale, usec)} ${words.microseconds}`,
  };
}

/** Memory held over time: `1.5 GiB·h`; `byteSeconds` is exact. */
export function formatByteHours(locale: string, byteSeconds: bigint, words: Pick<UnitWords, 'bytes'>): Quantity {
  const { value, unit } = scaleBytes(Number(byteSeconds) / 3600);
  return { text: `${threeDigits(locale, value)} ${unit}·h`, exact: `${exactNumber(locale, byteSeconds)} ${words.bytes}·s` };
}

export function formatPercent(locale: string, share: number): string {
  return new Intl.NumberFormat(locale, { style: 'percent', maximumSignificantDigits: 3 }).format(share);
}

const relativeUnits: readonly { unit: Intl.RelativeTimeFormatUnit; seconds: number }[] = [
  { unit: 'year', seconds: 31_536_000 },
  { unit: 'month', seconds: 2_592_000 },
  { unit: 'day', seconds: 86_400 },
  { unit: 'hour', seconds: 3_600 },
  { unit: 'minute', seconds: 60 },
  { unit: 'second', seconds: 1 },
];

/** `3 minutes ago`. A clock of the browser that runs behind the host's makes nothing lie in the future. */
export function formatRelative(locale: string, atMsec: number, nowMsec: number): string {
  const seconds = Math.max(0, Math.round((nowMsec - atMsec) / 1000));
  const chosen = relativeUnits.find((candidate) => seconds >= candidate.seconds);
  const format = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'long' });
  return chosen === undefined ? format.format(0, 'second') : format.format(-Math.floor(seconds / chosen.seconds), chosen.unit);
}

/** Date, time and zone in full. */
export function formatExactTime(locale: string, atMsec: number): string {
  return new Intl.DateTimeFormat(locale, {
    dateStyle: 'medium',
    timeStyle: 'long',
  }).format(atMsec);
}

/** Time of day with seconds; with the date where it is not today. */
export function formatClock(locale: string, atMsec: number, nowMsec: number): string {
  const sameDay = new Date(atMsec).toDateString() === new Date(nowMsec).toDateString();
  return new Intl.DateTimeFormat(locale, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    ...(sameDay ? {} : { month: 'short', day: 'numeric' }),
  }).format(atMsec);
}
