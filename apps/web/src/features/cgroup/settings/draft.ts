import type { CgroupSettingChange, Problem } from '@bulkhead/model';
import { type CgroupSetting, canonicalValue, parseBytesText, parseNumberList, parseQuotaText } from '@bulkhead/model/cgroup-setting';
import type { ShownSetting } from './setting-list.ts';

/** Texts that somebody is typing, by the keys of their settings. */
export type Draft = ReadonlyMap<string, string>;

/** What a text comes to. */
export type Read =
  | { value: string; fault?: undefined }
  /** The kernel is sure to refuse it; in words of the catalogue. */
  | { value?: undefined; fault: Problem };

/** Reads a text as the agent will, so that most slips are found while it is typed. */
export function readValue(setting: CgroupSetting, text: string): Read {
  // A disk may be called by its name: the agent knows its number.
  const numbered = setting.kind.startsWith('device-') && setting.controller === 'io' ? withNumbers(text) : text;
  try {
    return { value: canonicalValue(setting, numbered) };
  } catch (failure) {
    return { fault: failure as Problem };
  }
}

/** Lines that begin with the name of a disk, with a number that stands for it. */
const withNumbers = (text: string): string => text.replaceAll(/^[ \t]*(?:\/dev\/)?[A-Za-z][\w-]*(?=[ \t])(?<!default)/gm, '1:1');

const kilo = 1024n;
const suffixes = ['', 'K', 'M', 'G', 'T', 'P'] as const;

/** A canonical value as people write it: `67108864` is `64M`. It reads as the same value. */
export function easyText({ kind }: Pick<CgroupSetting, 'kind'>, value: string): string {
  if (kind !== 'bytes-or-max' || !/^\d+$/.test(value)) return value;
  let bytes = BigInt(value);
  let index = 0;
  while (bytes !== 0n && bytes % kilo === 0n && index < suffixes.length - 1) {
    bytes /= kilo;
    index += 1;
  }
  return `${bytes}${suffixes[index]}`;
}

/** CPUs that a quota lets run, in thousandths; undefined where it is none or has no end. */
export function quotaMillis(value: string): number | undefined {
  const quota = parseQuotaText(value);
  if (quota === undefined || quota.quotaUsec === 'max') return undefined;
  return (Number(quota.quotaUsec) * 1000) / Number(quota.periodUsec ?? 100_000);
}

/** True where a value is more than what the groups above leave, so that less of it comes into force, or the kernel refuses it. */
export function isBeyond({ setting, state }: Pick<ShownSetting, 'setting' | 'state'>, value: string): boolean {
  const { greatest, because } = state.bounds ?? {};
  if (greatest === undefined || because === undefined) return false;
  if (setting.kind === 'quota') {
    const [asked, most] = [quotaMillis(value), quotaMillis(greatest)];
    return value.startsWith('max') ? most !== undefined : asked !== undefined && most !== undefined && asked > most + 1e-6;
  }
  if (setting.kind === 'list') {
    const above = new Set(parseNumberList(greatest) ?? []);
    return (parseNumberList(value) ?? []).some((each) => !above.has(each));
  }
  const most = parseBytesText(greatest);
  if (most === undefined) return false;
  const asked = value === 'max' ? undefined : parseBytesText(value);
  return value === 'max' ? setting.kind !== 'number' : asked !== undefined && asked > most;
}

/** What the kernel's files of this host will hold with a value, where they have words of their own: `cpu.shares = 512`. */
export function kernelWords({ setting, state }: Pick<ShownSetting, 'setting' | 'state'>, value: string): string | undefined {
  const held = new Map(state.files.map(({ path, text }) => [path.slice(path.lastIndexOf('/') + 1), text]));
  const dialects = state.version === 1 ? setting.v1 : setting.v2;
  const dialect = dialects.find(({ files }) => files[0] !== undefined && held.has(files[0].name));
  try {
    const writes = dialect?.write?.(value, (file) => held.get(file)) ?? [];
    const isOwn = writes.some(({ file, value: written }) => file !== setting.key || written.trim() !== value);
    return isOwn && writes.every(({ value: written }) => !written.includes('\n'))
      ? writes.map(({ file, value: written }) => `${file} = ${written}`).join(', ')
      : undefined;
  } catch {
    // It depends on another setting, which the dry run tells.
    return undefined;
  }
}

/** The draft after a text was typed; a text that says what is held already is no change. */
export function typed(draft: Draft, { setting, state }: Pick<ShownSetting, 'setting' | 'state'>, text: string): Draft {
  const next = new Map(draft);
  const held = state.value ?? setting.preset;
  if (text === held || text === easyText(setting, held)) next.delete(setting.key);
  else next.set(setting.key, text);
  return next;
}

/** What a draft asks of the agent. Names of disks are left to it. */
export function changesOf(
  settings: readonly ShownSetting[],
  draft: Draft,
): { changes: CgroupSettingChange[]; faults: number; enableControllers: boolean } {
  const drafted = settings.filter(({ setting }) => draft.has(setting.key));
  const read = drafted.map((each) => ({
    each,
    text: draft.get(each.setting.key) ?? '',
    ...readValue(each.setting, draft.get(each.setting.key) ?? ''),
  }));
  return {
    changes: read.flatMap(({ each, text, value }) => (value === undefined ? [] : [{ key: each.setting.key, value: text.trim() }])),
    faults: read.filter(({ fault }) => fault !== undefined).length,
    enableControllers: drafted.some(({ wantsController }) => wantsController),
  };
}
