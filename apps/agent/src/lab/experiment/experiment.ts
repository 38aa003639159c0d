import type { LabCheck } from '@bulkhead/model';
import type { LabSession } from '../session.ts';

/** Carries a lab out and judges it by the kernel's counters. What it made is taken away by whoever called it. */
export type Experiment = (session: LabSession) => Promise<LabCheck[]>;
