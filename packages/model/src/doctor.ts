import { z } from 'zod';
import { Timestamp } from './primitives.ts';

export const DoctorState = z.enum(['good', 'attention', 'bad', 'unknown']);
export type DoctorState = z.infer<typeof DoctorState>;

export const DoctorGroup = z.enum(['kernel', 'cgroup', 'privilege', 'clock', 'disk', 'network', 'version', 'service']);
export type DoctorGroup = z.infer<typeof DoctorGroup>;

/** What is to be told, in no language yet: a code of the doctor's catalogue with the values its text takes. */
export const DoctorText = z.object({
  code: z.string().regex(/^[a-z0-9.-]{1,96}$/),
  values: z.record(z.string().max(32), z.union([z.string().max(4096), z.number()])).optional(),
});
export type DoctorText = z.infer<typeof DoctorText>;

/** One thing looked at; its title follows from its id. */
export const DoctorCheck = z.object({
  /** Stable name: `kernel.psi`, `disk.state-directory`. */
  id: z.string().regex(/^[a-z0-9.-]{1,64}$/),
  group: DoctorGroup,
  state: DoctorState,
  /** What was found: "not compiled in". */
  found: DoctorText,
  /** What that costs, where it costs something. */
  cost: DoctorText.optional(),
  /** What to do about it. */
  remedy: DoctorText.optional(),
});
export type DoctorCheck = z.infer<typeof DoctorCheck>;

export const DoctorReport = z.object({ at: Timestamp, checks: z.array(DoctorCheck) });
export type DoctorReport = z.infer<typeof DoctorReport>;
