import type { DoctorCheck, DoctorGroup } from '@bulkhead/model';

/** What a look found: how it stands, what that costs, what to do about it. */
export type Finding = Pick<DoctorCheck, 'state' | 'found' | 'cost' | 'remedy'>;

export const good = (found: string): Finding => ({ state: 'good', found });
export const attention = (found: string, cost: string, remedy?: string): Finding => ({
  state: 'attention',
  found,
  cost,
  ...(remedy === undefined ? {} : { remedy }),
});
export const bad = (found: string, cost: string, remedy?: string): Finding => ({ ...attention(found, cost, remedy), state: 'bad' });
export const unknown = (found: string, remedy?: string): Finding => ({
  state: 'unknown',
  found,
  ...(remedy === undefined ? {} : { remedy }),
});

export const asRoot = 'run it as root: sudo ./bulkhead doctor';

/** Looks at one thing. What cannot be read is unknown, never good and never bad. */
export function look(group: DoctorGroup, name: string, title: string, find: () => Finding): DoctorCheck {
  let finding: Finding;
  try {
    finding = find();
  } catch (failure) {
    const { code, message } = failure as NodeJS.ErrnoException;
    finding = unknown(`could not be read (${code ?? message})`, code === 'EACCES' || code === 'EPERM' ? asRoot : undefined);
  }
  return { id: `${group}.${name}`, group, title, ...finding };
}
