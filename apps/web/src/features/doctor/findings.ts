import type { DoctorCheck, DoctorGroup, DoctorState } from '@bulkhead/model';

const severity: Record<DoctorState, number> = { bad: 0, attention: 1, unknown: 2, good: 3 };

/** The worst first; equal ones as the doctor told them. */
export const bySeverity = (a: Pick<DoctorCheck, 'state'>, b: Pick<DoctorCheck, 'state'>): number => severity[a.state] - severity[b.state];

/** What somebody should look at. */
export const needsAttention = ({ state }: Pick<DoctorCheck, 'state'>): boolean => state === 'bad' || state === 'attention';

export const groupOrder: readonly DoctorGroup[] = ['service', 'kernel', 'cgroup', 'privilege', 'disk', 'network', 'clock', 'version'];

/** Checks by their group, groups without any left out: first those with something to look at, each kind in a fixed order. */
export function byGroup(checks: readonly DoctorCheck[]): { group: DoctorGroup; checks: DoctorCheck[] }[] {
  const groups = groupOrder.flatMap((group) => {
    const own = checks.filter((check) => check.group === group).sort(bySeverity);
    return own.length === 0 ? [] : [{ group, checks: own }];
  });
  const isCalm = ({ checks: own }: (typeof groups)[number]): number => Number(!own.some(needsAttention));
  return groups.sort((one, other) => isCalm(one) - isCalm(other));
}
