import {
  type CgroupSetting,
  type CgroupSettingState,
  type CgroupText,
  cgroupProblem,
  cgroupText,
  isNoLimit,
  Problem,
  parseBytesText,
  parseNumberList,
  parseQuotaText,
  tellCgroup,
} from '@bulkhead/model';
import type { Hierarchy } from '../hierarchy.ts';
import { parentOf, parentsOf } from '../path.ts';
import { type HeldGroup, readAt } from './held-group.ts';
import type { Place } from './in-force.ts';

export type Bounds = NonNullable<CgroupSettingState['bounds']>;

const because = (told: CgroupText): Pick<Bounds, 'because' | 'told'> => ({ because: tellCgroup(told, 'en'), told });

/** Value of a setting at a group above, in its one form; undefined where that has none. */
function valueAbove(place: Place, hierarchy: Hierarchy, path: string): string | undefined {
  if (path === '' || place.dialect === undefined) return undefined;
  const main = place.dialect.files[0]?.name;
  if (main === undefined || readAt(hierarchy, path, main) === undefined) return undefined;
  try {
    return place.dialect.read((file) => readAt(hierarchy, path, file));
  } catch (failure) {
    // What nobody understands bounds nothing that could be told.
    if (failure instanceof Problem) return undefined;
    throw failure;
  }
}

/** The nearest group above, from the inside, for which `holds` answers something. */
function nearestAbove<T>(path: string, holds: (above: string) => T | undefined): { path: string; found: T } | undefined {
  for (const above of parentsOf(path).toReversed()) {
    const found = holds(above);
    if (found !== undefined) return { path: above, found };
  }
  return undefined;
}

const finite = (value: string | undefined): bigint | undefined => {
  const bytes = value === undefined || value === 'max' ? undefined : parseBytesText(value);
  return bytes === undefined || isNoLimit(bytes) ? undefined : bytes;
};

/** The least number of all groups above, and whose it is. */
function leastAbove(path: string, place: Place): { path: string; value: bigint } | undefined {
  let least: { path: string; value: bigint } | undefined;
  for (const above of parentsOf(path)) {
    const value = finite(valueAbove(place, place.hierarchy, above));
    if (value !== undefined && (least === undefined || value < least.value)) least = { path: above, value };
  }
  return least;
}

function quotaBounds(group: HeldGroup, place: Place): Bounds {
  const nearest = nearestAbove(group.path, (above) => {
    const quota = parseQuotaText(valueAbove(place, place.hierarchy, above) ?? '');
    return quota === undefined || quota.quotaUsec === 'max' ? undefined : quota;
  });
  const least = '1000';
  if (nearest === undefined) return { least };
  const held = parseQuotaText(place.dialect?.read((file) => group.read(place.hierarchy, file)) ?? '');
  const period = held?.periodUsec ?? '100000';
  const { quotaUsec, periodUsec = '100000' } = nearest.found;
  const greatest = (BigInt(quotaUsec) * BigInt(period)) / BigInt(periodUsec);
  return {
    least,
    greatest: `${greatest} ${period}`,
    ...because(cgroupText(place.version === 1 ? 'bound.above.refuses' : 'bound.above.lesser', { path: `/${nearest.path}` })),
  };
}

function setBounds(setting: CgroupSetting, group: HeldGroup, place: Place): Bounds | undefined {
  const above = parentOf(group.path);
  const file = place.version === 1 ? setting.key : setting.key.replace(/^(cpuset\.(?:cpus|mems)).*$/, '$1.effective');
  const greatest = readAt(place.hierarchy, above, file);
  if (greatest === undefined) return undefined;
  const isRefused = place.version === 1;
  return {
    greatest,
    ...because(
      above === ''
        ? cgroupText(isRefused ? 'bound.host.refuses' : 'bound.host.unused')
        : cgroupText(isRefused ? 'bound.set.refuses' : 'bound.set.unused', { path: `/${above}` }),
    ),
  };
}

const sumOfLimits = new Set(['memory.max', 'memory.high', 'memory.swap.max', 'pids.max', 'cgroup.max.descendants', 'cgroup.max.depth']);

/** Least and greatest value of a setting at a group, as the kernel and the groups above have it now; undefined where there is none to tell. */
export function boundsOf(setting: CgroupSetting, group: HeldGroup, place: Place): Bounds | undefined {
  const { key, range } = setting;
  if (setting.model === 'readable' || group.path === '') return undefined;
  const fixed: Bounds = range === undefined ? {} : { least: String(range.least), greatest: String(range.greatest) };
  if (key === 'cpu.max') return quotaBounds(group, place);
  if (key === 'cpuset.cpus' || key === 'cpuset.mems') return setBounds(setting, group, place);
  if (key === 'cpu.max.burst') {
    const quota = group.read(place.hierarchy, place.version === 1 ? 'cpu.cfs_quota_us' : 'cpu.max');
    const found = parseQuotaText(quota ?? '');
    return found === undefined || found.quotaUsec === 'max'
      ? fixed
      : { least: '0', greatest: found.quotaUsec, ...because(cgroupText('bound.burst')) };
  }
  if (key === 'io.weight') {
    const isBfq = place.dialect?.files[0]?.name.includes('bfq') === true;
    return isBfq ? { ...fixed, greatest: '1000', ...because(cgroupText('bound.bfq')) } : fixed;
  }
  if (sumOfLimits.has(key) || key.startsWith('hugetlb.')) {
    const least = leastAbove(group.path, place);
    if (least === undefined)
      return Object.keys(fixed).length === 0 && setting.kind === 'bytes-or-max' ? { least: '0', greatest: 'max' } : fixed;
    return {
      least: fixed.least ?? '0',
      greatest: String(least.value),
      ...because(cgroupText('bound.above.lesser', { path: `/${least.path}` })),
    };
  }
  if (setting.kind === 'bytes-or-max') return { least: '0', greatest: 'max' };
  if (setting.kind === 'flag') return { least: '0', greatest: '1' };
  return Object.keys(fixed).length === 0 ? undefined : fixed;
}

const share = (quotaUsec: string, periodUsec: string): number => Number(quotaUsec) / Number(periodUsec);

/**
 * What the kernel is sure to refuse, told before anything is written.
 *
 * @param value in its one form
 * @throws Problem('invalid') with the bound
 */
export function checkBounds(
  setting: CgroupSetting,
  value: string,
  group: HeldGroup,
  place: Place,
  held: (file: string) => string | undefined,
): void {
  if (place.version !== 1) return;
  const { key } = setting;
  const at = `${place.hierarchy.absolute(group.path)}/${place.dialect?.files[0]?.name}`;
  if (key === 'cpuset.cpus' || key === 'cpuset.mems') {
    const bounds = setBounds(setting, group, place);
    const above = parseNumberList(bounds?.greatest ?? '') ?? [];
    const beyond = (parseNumberList(value) ?? []).filter((each) => !above.includes(each));
    if (beyond.length > 0)
      throw cgroupProblem(
        'invalid',
        above.length === 0
          ? cgroupText('plan.beyond-set.none', { key, beyond: beyond.join(','), file: at })
          : cgroupText('plan.beyond-set', { key, greatest: bounds?.greatest ?? '', beyond: beyond.join(','), file: at }),
        { remedy: cgroupText('plan.beyond-set.remedy') },
      );
  }
  if (key === 'cpu.max') {
    const wanted = parseQuotaText(value);
    const greatest = quotaBounds(group, place).greatest?.split(' ');
    if (wanted === undefined || wanted.quotaUsec === 'max' || greatest === undefined) return;
    const period = wanted.periodUsec ?? held('cpu.cfs_period_us') ?? '100000';
    if (share(wanted.quotaUsec, period) > share(greatest[0] as string, greatest[1] as string) + 1e-9)
      throw cgroupProblem('invalid', cgroupText('plan.beyond-quota', { key, greatest: greatest.join(' '), file: at }), {
        remedy: cgroupText('plan.beyond-quota.remedy'),
      });
  }
}

/** What comes of a limit below what is in use now; undefined where it is not, or nobody knows. */
export function warnOfUse(
  setting: CgroupSetting,
  value: string,
  version: 1 | 2,
  held: (file: string) => string | undefined,
): CgroupText | undefined {
  const limit = finite(value);
  if (limit === undefined) return undefined;
  const now = (file: string): bigint | undefined => finite(held(file));
  if (setting.key === 'memory.max') {
    const used = now(version === 1 ? 'memory.usage_in_bytes' : 'memory.current');
    if (used === undefined || limit >= used) return undefined;
    return cgroupText(version === 1 ? 'warn.memory.v1' : 'warn.memory.v2', { used: String(used) });
  }
  if (setting.key === 'pids.max') {
    const used = now('pids.current');
    if (used === undefined || limit >= used) return undefined;
    return cgroupText('warn.pids', { used: String(used) });
  }
  return undefined;
}
