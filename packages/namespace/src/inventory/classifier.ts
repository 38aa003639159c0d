import type { Maker } from '@bulkhead/model';
import { namingPaths, parseCgroups } from './cgroup-path.ts';
import type { ProcessReading } from './process-record.ts';
import type { WorkloadIdentity, WorkloadRecord } from './workload-record.ts';

const ours = /(?:^|\/)bulkhead-([a-z0-9]+)\/([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)\/([0-9a-f]{16})(?:\/|$)/;

/** Tells of each process to which workload it belongs. */
export class Classifier {
  readonly #instance: string | undefined;
  readonly #byCgroups = new Map<string, string[]>();

  constructor(instance: string | undefined) {
    this.#instance = instance;
  }

  workloadOf(process: ProcessReading, _current: WorkloadRecord | undefined): WorkloadIdentity {
    if (process.kernel || process.pid === 2)
      return { id: 'kernel', maker: { runtime: 'kernel', name: 'kernel' }, cgroupPath: '/', inherited: false };
    let paths = this.#byCgroups.get(process.cgroups);
    if (paths === undefined) {
      paths = namingPaths(parseCgroups(process.cgroups));
      this.#byCgroups.set(process.cgroups, paths);
    }
    const [cgroupPath = '/'] = paths;
    for (const path of paths) {
      const found = ours.exec(path);
      if (found === null) continue;
      const [, instance, tenantId, containerId] = found as unknown as [string, string, string, string];
      const own = instance === this.#instance;
      const maker: Maker = {
        runtime: 'bulkhead',
        externalId: containerId,
        name: containerId,
        ...(own ? { containerId, tenantId } : { instance }),
      };
      return { id: own ? `bulkhead-${containerId}` : `bulkhead-${instance}-${containerId}`, maker, cgroupPath: path, inherited: false };
    }
    return { id: `session-${process.session}`, maker: { runtime: 'plain', name: process.command }, cgroupPath, inherited: false };
  }
}
