import { readFileSync } from 'node:fs';
import type { serviceNames } from '@bulkhead/model';
import type { RecordedProcess } from './process-identity.ts';

export type ServiceState = 'starting' | 'running' | 'waiting' | 'stopped';

export interface RecordedService {
  state: ServiceState;
  process?: RecordedProcess;
  startedAt?: string;
  restarts: number;
}

/** `/run/bulkhead/<instance>/supervisor.json`: who supervises, and every process it started. World readable, no secret. */
export interface SupervisorRecord {
  version: 1;
  supervisor: RecordedProcess;
  stateDirectory: string;
  /** Version of the program that its services run. */
  program?: string;
  /** Set once everything answers. */
  url?: string;
  services: Partial<Record<(typeof serviceNames)[number], RecordedService>>;
}

/** undefined where there is none, or none that can be read. */
export function readSupervisorRecord(path: string): SupervisorRecord | undefined {
  try {
    const record = JSON.parse(readFileSync(path, 'utf8')) as SupervisorRecord;
    return record.version === 1 ? record : undefined;
  } catch {
    return undefined;
  }
}
