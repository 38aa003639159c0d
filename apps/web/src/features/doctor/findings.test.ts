import { type DoctorCheck, DoctorGroup } from '@bulkhead/model';
import { describe, expect, it } from 'vitest';
import { byGroup, groupOrder, needsAttention } from './findings.ts';

const check = (id: string, group: DoctorGroup, state: DoctorCheck['state']): DoctorCheck => ({
  id,
  group,
  state,
  found: { code: 'there' },
});

describe('findings', () => {
  it('stand in their groups, the worst first, and no group is forgotten', () => {
    expect([...groupOrder].sort()).toEqual([...DoctorGroup.options].sort());
    const groups = byGroup([
      check('a', 'kernel', 'good'),
      check('b', 'disk', 'unknown'),
      check('c', 'kernel', 'bad'),
      check('d', 'kernel', 'attention'),
      check('e', 'service', 'good'),
    ]);
    expect(groups.map(({ group, checks }) => [group, checks.map(({ id }) => id)])).toEqual([
      ['kernel', ['c', 'd', 'a']],
      ['service', ['e']],
      ['disk', ['b']],
    ]);
  });

  it('want a look where they are bad or nearly so, not where they are unknown', () => {
    expect((['good', 'attention', 'bad', 'unknown'] as const).map((state) => needsAttention({ state }))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });
});
