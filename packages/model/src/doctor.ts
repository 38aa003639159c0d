import { z } from 'zod';
import { Timestamp } from './primitives.ts';

export const DoctorState = z.enum(['good', 'attention', 'bad', 'unknown']);
export type DoctorState = z.infer<typeof DoctorState>;

export const DoctorGroup = z.enum(['kernel', 'cgroup', 'privilege', 'clock', 'disk', 'network', 'version', 'service']);
export type DoctorGroup = z.infer<typeof DoctorGroup>;

/** One thing looked at. */
export const DoctorCheck = z.object({
  /** Stable name: `kernel.psi`, `disk.state-directory`. */
  id: z.string().regex(/^[a-z0-9.-]{1,64}$/),
  group: DoctorGroup,
  state: DoctorState,
  /** What was looked at, a few words: "Pressure stall information". */
  title: z.string(),
  /** What was found: "not compiled in". */
  found: z.string(),
  /** What that costs, where it costs something. */
  cost: z.string().optional(),
  /** What to do about it. */
  remedy: z.string().optional(),
});
export type DoctorCheck = z.infer<typeof DoctorCheck>;

export const DoctorReport = z.object({ at: Timestamp, checks: z.array(DoctorCheck) });
export type DoctorReport = z.infer<typeof DoctorReport>;
