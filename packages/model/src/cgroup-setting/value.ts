import { cgroupProblem, cgroupText } from '../cgroup-text/index.ts';
import type { Problem } from '../problem.ts';
import { canonicalDeviceRules } from './device-rules.ts';
import type { CgroupSetting } from './types.ts';

const units: Readonly<Record<string, bigint>> = { '': 1n, K: 1n << 10n, M: 1n << 20n, G: 1n << 30n, T: 1n << 40n, P: 1n << 50n };

/** Bytes as the kernel's memparse reads them: decimal, with K, M, G, T or P behind; undefined where they are not. */
export function parseBytesText(text: string): bigint | undefined {
  const found = /^(\d{1,19})([KMGTP]?)(?:i?B)?$/i.exec(text.trim());
  if (found === null) return undefined;
  return BigInt(found[1] as string) * (units[(found[2] ?? '').toUpperCase()] as bigint);
}

/**
 * A limit of v1 that is none: -1 was written, and the kernel tells the largest number of whole pages (or huge pages, so
 * that it may lie some GB below 2^63).
 */
export const isNoLimit = (bytes: bigint): boolean => bytes >= 2n ** 63n - 2n ** 31n;

/** `MAJOR:MINOR` as the kernel writes it; undefined where it is not one. */
export function parseDeviceNumber(text: string): string | undefined {
  const found = /^(\d{1,4}):(\d{1,7})$/.exec(text);
  return found === null ? undefined : `${Number(found[1])}:${Number(found[2])}`;
}

const byDeviceNumber = (left: string, right: string): number => {
  const [leftMajor = 0, leftMinor = 0] = left.split(':').map(Number);
  const [rightMajor = 0, rightMinor = 0] = right.split(':').map(Number);
  return leftMajor - rightMajor || leftMinor - rightMinor;
};

export const limitKeys = ['rbps', 'wbps', 'riops', 'wiops'] as const;
export type LimitKey = (typeof limitKeys)[number];
export type DeviceLimits = Partial<Record<LimitKey, string>>;

/** Lines of `MAJOR:MINOR key=value …`, by device; keys that a line does not name are absent. Undefined where one is none. */
export function parseDeviceLimits(text: string): Map<string, DeviceLimits> | undefined {
  const devices = new Map<string, DeviceLimits>();
  for (const line of text.split('\n').filter((each) => each.trim() !== '')) {
    const [name = '', ...pairs] = line.trim().split(/\s+/);
    const device = parseDeviceNumber(name);
    if (device === undefined || pairs.length === 0) return undefined;
    const limits: DeviceLimits = { ...devices.get(device) };
    for (const pair of pairs) {
      const [key = '', value = '', ...rest] = pair.split('=');
      const bytes = value === 'max' ? 'max' : parseBytesText(value)?.toString();
      if (!limitKeys.includes(key as LimitKey) || bytes === undefined || rest.length > 0) return undefined;
      // 0 would stop the device: the kernel refuses it (ERANGE).
      if (bytes === '0') return undefined;
      limits[key as LimitKey] = bytes;
    }
    devices.set(device, limits);
  }
  return devices;
}

export const formatDeviceLimits = (devices: ReadonlyMap<string, DeviceLimits>): string =>
  [...devices]
    .sort(([left], [right]) => byDeviceNumber(left, right))
    .map(
      ([device, limits]) =>
        `${device} ${limitKeys.flatMap((key) => (limits[key] === undefined ? [] : [`${key}=${limits[key]}`])).join(' ')}`,
    )
    .join('\n');

/** Lines of `NAME VALUE`; undefined where one is none. */
export function parsePairs(text: string): Map<string, string> | undefined {
  const pairs = new Map<string, string>();
  for (const line of text.split('\n').filter((each) => each.trim() !== '')) {
    const [name = '', value = '', ...rest] = line.trim().split(/\s+/);
    if (name === '' || value === '' || rest.length > 0) return undefined;
    pairs.set(name, value);
  }
  return pairs;
}

export interface DeviceWeights {
  /** Of all devices that have none of their own; absent in a change that leaves it. */
  weight?: string;
  /** By `MAJOR:MINOR`; `default` takes one back. */
  devices: Map<string, string>;
}

/** `100`, `default 100`, and `8:0 200` a line; undefined where one is none of these. */
export function parseDeviceWeights(text: string): DeviceWeights | undefined {
  const found: DeviceWeights = { devices: new Map() };
  for (const line of text.split('\n').filter((each) => each.trim() !== '')) {
    const parts = line.trim().split(/\s+/);
    const value = parts.at(-1) as string;
    if (parts.length === 1 || (parts.length === 2 && parts[0] === 'default')) {
      if (!/^\d{1,5}$/.test(value)) return undefined;
      found.weight = String(Number(value));
      continue;
    }
    const device = parseDeviceNumber(parts[0] as string);
    if (device === undefined || parts.length !== 2 || !/^(?:default|\d{1,5})$/.test(value)) return undefined;
    found.devices.set(device, value === 'default' ? value : String(Number(value)));
  }
  return found;
}

export const formatDeviceWeights = ({ weight, devices }: DeviceWeights): string =>
  [
    ...(weight === undefined ? [] : [weight]),
    ...[...devices].sort(([left], [right]) => byDeviceNumber(left, right)).map(([device, value]) => `${device} ${value}`),
  ].join('\n');

/** Numbers of a list (cpuset(7), "Formats"), in order; undefined where it is none. */
export function parseNumberList(text: string): number[] | undefined {
  const numbers = new Set<number>();
  for (const part of text.trim() === '' ? [] : text.trim().split(',')) {
    const found = /^\s*(\d{1,5})(?:-(\d{1,5}))?\s*$/.exec(part);
    if (found === null) return undefined;
    const first = Number(found[1]);
    const last = found[2] === undefined ? first : Number(found[2]);
    if (last < first || last > 8191) return undefined;
    for (let each = first; each <= last; each += 1) numbers.add(each);
  }
  return [...numbers].sort((left, right) => left - right);
}

/** A list as the kernel writes it: `0-3,7`. */
export function formatNumberList(numbers: readonly number[]): string {
  const runs: string[] = [];
  for (let index = 0; index < numbers.length; ) {
    const first = numbers[index] as number;
    let last = first;
    for (index += 1; index < numbers.length && numbers[index] === last + 1; index += 1) last = numbers[index] as number;
    runs.push(first === last ? String(first) : `${first}-${last}`);
  }
  return runs.join(',');
}

export interface Quota {
  /** Microseconds, or `max`. */
  quotaUsec: string;
  /** Absent: the one that is held stays. */
  periodUsec?: string;
}

/** `QUOTA PERIOD`, `QUOTA` alone, or -1 for max; undefined where it is none. */
export function parseQuotaText(text: string): Quota | undefined {
  const found = /^(max|-1|\d{1,16})(?:\s+(\d{1,9}))?$/.exec(text.trim());
  if (found === null) return undefined;
  const quotaUsec = found[1] === 'max' || found[1] === '-1' ? 'max' : BigInt(found[1] as string).toString();
  return { quotaUsec, ...(found[2] === undefined ? {} : { periodUsec: String(Number(found[2])) }) };
}

/** `10:1`, `0x100001` or the decimal number the kernel tells, as `10:1`. */
export function parseClass(text: string): string | undefined {
  const pair = /^([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(text.trim());
  if (pair !== null) return `${Number.parseInt(pair[1] as string, 16).toString(16)}:${Number.parseInt(pair[2] as string, 16).toString(16)}`;
  if (!/^(?:0x[0-9a-f]{1,8}|\d{1,10})$/i.test(text.trim())) return undefined;
  const id = Number(text.trim());
  return id > 0xffff_ffff ? undefined : `${Math.floor(id / 0x1_0000).toString(16)}:${(id % 0x1_0000).toString(16)}`;
}

/** A text as it is shown within a sentence. */
const quoted = (text: string): string => JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);

const wrong = ({ key, kind }: CgroupSetting, text: string): Problem =>
  cgroupProblem('invalid', cgroupText('value.not', { key, text: quoted(text), wanted: [cgroupText(`value.wanted.${kind}`)] }));

function inRange(
  { key, range }: CgroupSetting,
  text: string,
  value: bigint,
  code: 'value.range' | 'value.range-quota' = 'value.range',
): string {
  if (range !== undefined && (value < range.least || value > range.greatest)) {
    const { least, greatest } = range;
    throw cgroupProblem('invalid', cgroupText(code, { key, least: String(least), greatest: String(greatest), text: text.trim() }));
  }
  return String(value);
}

function numberOf(setting: CgroupSetting, text: string): string {
  if (!/^\d{1,20}$/.test(text.trim())) throw wrong(setting, text);
  return inRange(setting, text, BigInt(text.trim()));
}

/** @throws Problem('invalid') that names the setting and the range */
function quotaOf(setting: CgroupSetting, text: string): string {
  const quota = parseQuotaText(text);
  if (quota === undefined) throw wrong(setting, text);
  const { quotaUsec, periodUsec } = quota;
  if (quotaUsec !== 'max') inRange(setting, quotaUsec, BigInt(quotaUsec), 'value.range-quota');
  if (periodUsec !== undefined && (Number(periodUsec) < 1000 || Number(periodUsec) > 1_000_000))
    throw cgroupProblem('invalid', cgroupText('value.period', { key: setting.key, text: periodUsec }));
  return periodUsec === undefined ? quotaUsec : `${quotaUsec} ${periodUsec}`;
}

function weightsOf(setting: CgroupSetting, text: string): string {
  const weights = parseDeviceWeights(text);
  if (weights === undefined) throw wrong(setting, text);
  for (const value of [weights.weight, ...weights.devices.values()])
    if (value !== undefined && value !== 'default') inRange(setting, value, BigInt(value));
  return formatDeviceWeights(weights);
}

function targetsOf(setting: CgroupSetting, text: string): string {
  const lines = parsePairs(text);
  if (lines === undefined) throw wrong(setting, text);
  return [...lines]
    .map(([name, value]) => {
      const device = parseDeviceNumber(name);
      const target = /^target=(\d{1,12})$/.exec(value)?.[1];
      if (device === undefined || target === undefined) throw wrong(setting, text);
      return `${device} target=${Number(target)}`;
    })
    .join('\n');
}

/**
 * A value as people or the kernel write it, in the one form that is compared, kept and shown.
 *
 * @throws Problem('invalid') that names the setting, the text and what the kernel takes
 */
export function canonicalValue(setting: CgroupSetting, text: string): string {
  const trimmed = text.trim();
  if (text.length > 65_536 || text.includes('\0')) throw wrong(setting, text);
  switch (setting.kind) {
    case 'number':
      return numberOf(setting, text);
    case 'number-or-max':
      return trimmed === 'max' || trimmed === '-1' ? 'max' : numberOf(setting, text);
    case 'bytes-or-max': {
      if (trimmed === 'max' || trimmed === '-1') return 'max';
      const bytes = parseBytesText(trimmed);
      if (bytes === undefined) throw wrong(setting, text);
      return isNoLimit(bytes) ? 'max' : String(bytes);
    }
    case 'flag':
      if (trimmed !== '0' && trimmed !== '1') throw wrong(setting, text);
      return trimmed;
    case 'choice':
      if (setting.choices?.includes(trimmed) !== true) {
        const choices = setting.choices?.join(', ') ?? '';
        throw cgroupProblem('invalid', cgroupText('value.not-choice', { key: setting.key, text: quoted(text), choices }));
      }
      return trimmed;
    case 'quota':
      return quotaOf(setting, text);
    case 'list': {
      const numbers = parseNumberList(text);
      if (numbers === undefined) throw wrong(setting, text);
      return formatNumberList(numbers);
    }
    case 'percent-or-max': {
      if (trimmed === 'max') return 'max';
      if (!/^\d{1,3}(?:\.\d{1,2})?$/.test(trimmed) || Number(trimmed) > 100) throw wrong(setting, text);
      return Number(trimmed).toFixed(2);
    }
    case 'device-weights':
      return weightsOf(setting, text);
    case 'device-limits': {
      const limits = parseDeviceLimits(text);
      if (limits === undefined) throw wrong(setting, text);
      return formatDeviceLimits(limits);
    }
    case 'device-targets':
      return targetsOf(setting, text);
    case 'device-rules': {
      const rules = canonicalDeviceRules(text);
      if (rules === undefined) throw wrong(setting, text);
      return rules;
    }
    case 'class': {
      const id = parseClass(text);
      if (id === undefined) throw wrong(setting, text);
      return id;
    }
    case 'priorities': {
      const pairs = parsePairs(text);
      if (pairs === undefined || [...pairs.values()].some((value) => !/^\d{1,9}$/.test(value))) throw wrong(setting, text);
      return [...pairs].map(([name, value]) => `${name} ${Number(value)}`).join('\n');
    }
    case 'text':
      return text;
  }
}
