import { hasErrno } from '@bulkhead/kernel';
import type { EffectiveLimits, PressureTotal } from '@bulkhead/model';
import { FormatError, parseCounter, parseNestedKeyed } from '../formats.ts';
import type { Hierarchies } from '../tree/hierarchies.ts';
import { readFile } from '../tree/open-file.ts';
import { walkHierarchy } from '../tree/walk.ts';
import type { Cgroups } from '../types.ts';
import { countSourceOf, parseCount } from './count-kinds.ts';

/** What the files of a group tell at its end, beyond its counters. An absent field could not be read. */
export interface EndFacts {
  limits: EffectiveLimits;
  pidsRefusals?: number;
  pressure?: { cpu?: PressureTotal; memory?: PressureTotal; io?: PressureTotal };
}

/** `some avg10=0.00 avg60=0.35 avg300=0.10 total=12345` of a pressure file (accounting/psi.rst). @throws FormatError */
export function parsePressureTotal(text: string): PressureTotal {
  const some = parseNestedKeyed(text).get('some');
  const [share, total] = [some?.get('avg60'), some?.get('total')];
  if (share === undefined || total === undefined || !/^\d{1,3}\.\d\d$/.test(share))
    throw new FormatError('some avg10= avg60= avg300= total=', text);
  return { someUsec: Number(parseCounter(total)), someLastMinute: Math.min(1, Number(share) / 100) };
}

const optional = <T>(read: () => T | undefined): T | undefined => {
  try {
    return read();
  } catch (failure) {
    if (failure instanceof FormatError || hasErrno(failure, 'ENOENT', 'ENODEV', 'EOPNOTSUPP', 'EACCES', 'EPERM')) return undefined;
    throw failure;
  }
};

function readRefusals(hierarchies: Pick<Hierarchies, 'with' | 'unified' | 'all'>, path: string): number | undefined {
  const present = hierarchies.all.filter((each) => each.exists(path));
  const source = countSourceOf('pidsRefusals', hierarchies, { path, present });
  if (source === undefined) return undefined;
  let sum: number | undefined;
  for (const each of source.ofSubtree ? [path] : walkHierarchy(source.hierarchy, path)) {
    const text = readFile(source.hierarchy, each, source.file);
    const count = text === undefined ? undefined : parseCount('pidsRefusals', text);
    if (count !== undefined) sum = (sum ?? 0) + count;
  }
  return sum;
}

/** @returns undefined where the group is gone */
export function readEndFacts(
  hierarchies: Pick<Hierarchies, 'with' | 'unified' | 'all'>,
  cgroups: Pick<Cgroups, 'exists' | 'limits'>,
  path: string,
): EndFacts | undefined {
  if (!cgroups.exists(path)) return undefined;
  const facts: EndFacts = { limits: optional(() => cgroups.limits(path)) ?? {} };
  const refusals = optional(() => readRefusals(hierarchies, path));
  if (refusals !== undefined) facts.pidsRefusals = refusals;
  const { unified } = hierarchies;
  if (unified === undefined) return facts;
  for (const resource of ['cpu', 'memory', 'io'] as const) {
    const total = optional(() => {
      const text = readFile(unified, path, `${resource}.pressure`);
      return text === undefined ? undefined : parsePressureTotal(text);
    });
    if (total !== undefined) facts.pressure = { ...facts.pressure, [resource]: total };
  }
  return facts;
}
