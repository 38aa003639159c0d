import type { DoctorReport } from '@bulkhead/model';
import { cgroupChecks } from './cgroup.ts';
import { clockChecks } from './clock.ts';
import type { DoctorContext } from './context.ts';
import { diskChecks } from './disk.ts';
import { kernelChecks } from './kernel.ts';
import { networkChecks } from './network.ts';
import { privilegeChecks } from './privilege.ts';
import { serviceChecks } from './service.ts';
import { versionChecks } from './version.ts';

/** Looks at what a host has and lacks. Reads only; what it may not see it says so. */
export function examine(context: DoctorContext): DoctorReport {
  return {
    at: new Date().toISOString(),
    checks: [
      ...kernelChecks(),
      ...cgroupChecks(context),
      ...privilegeChecks(),
      ...clockChecks(context.clockSteps),
      ...diskChecks(context),
      ...networkChecks(context),
      ...versionChecks(context),
      ...serviceChecks(context),
    ],
  };
}
