import type { LabOutcome } from '@bulkhead/model';
import type { State } from '../../components/state-mark.tsx';

export const outcomeState: Record<LabOutcome, State> = { passed: 'good', failed: 'bad', stopped: 'unknown', broken: 'bad' };
