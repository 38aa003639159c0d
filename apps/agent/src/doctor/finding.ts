import type { DoctorCheck, DoctorGroup, DoctorText } from '@bulkhead/model';
import { type DoctorCheckId, doctorText } from '@bulkhead/model/doctor-text';

/** What a look found: how it stands, what that costs, what to do about it. */
export type Finding = Pick<DoctorCheck, 'state' | 'found' | 'cost' | 'remedy'>;

export const good = (found: DoctorText): Finding => ({ state: 'good', found });
export const attention = (found: DoctorText, cost: DoctorText, remedy?: DoctorText): Finding => ({
  state: 'attention',
  found,
  cost,
  ...(remedy === undefined ? {} : { remedy }),
});
export const bad = (found: DoctorText, cost: DoctorText, remedy?: DoctorText): Finding => ({
  ...attention(found, cost, remedy),
  state: 'bad',
});
export const unknown = (found: DoctorText, remedy?: DoctorText): Finding => ({
  state: 'unknown',
  found,
  ...(remedy === undefined ? {} : { remedy }),
});

export const asRoot = doctorText('as-root');
/** Names, versions and the kernel's own words are the same in every language. */
export const asIs = (text: string): DoctorText => doctorText('as-is', { text });

/** Looks at one thing. What cannot be read is unknown, never good and never bad. */
export function look(id: DoctorCheckId, find: () => Finding): DoctorCheck {
  let finding: Finding;
  try {
    finding = find();
  } catch (failure) {
    const { code, message } = failure as NodeJS.ErrnoException;
    finding = unknown(
      doctorText('could-not-be-read', { why: code ?? message }),
      code === 'EACCES' || code === 'EPERM' ? asRoot : undefined,
    );
  }
  return { id, group: id.slice(0, id.indexOf('.')) as DoctorGroup, ...finding };
}
