import type { Cgroups } from '@bulkhead/cgroup';
import type { DoctorText, InstancePaths } from '@bulkhead/model';

/** What the doctor is told; all else it finds out itself. */
export interface DoctorContext {
  stateDirectory: string;
  /** Absent before the first `up`. */
  paths?: InstancePaths;
  /** Where the dashboard is to listen, unless the instance's own configuration says so. */
  listen: { address: string; port: number };
  version: string;
  /** Below it are the packages: a checkout, or a version that was published. */
  programDirectory: string;
  /** The agent's own; found anew where absent. */
  cgroups?: Pick<Cgroups, 'setup' | 'controllers'>;
  /** How often the wall clock was set since the agent watches it; absent where none does. */
  clockSteps?: number;
  /** What the agent itself finds wrong just now. */
  troubles?: DoctorText[];
}
