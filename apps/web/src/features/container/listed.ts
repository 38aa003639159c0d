import type { Container, Runtime, Workload } from '@bulkhead/model';
import { containerRuntimes } from '@bulkhead/model/container-runtimes';

/** A row of the containers page: one of ours, or somebody else's. */
export type Listed =
  | { kind: 'container'; id: string; name: string; runtime: 'bulkhead'; container: Container; leaving: boolean }
  | {
      kind: 'workload';
      id: string;
      name: string;
      runtime: Runtime;
      workload: Workload;
      /** The cgroup whose use is its alone. */
      cgroup: string | undefined;
    };

/** Which of a host's workloads are shown: containers of any runtime, those of one, or everything that runs. */
export type RuntimeFilter = 'containers' | 'all' | Runtime;

export const ofContainer = (container: Container, leaving: boolean): Listed => ({
  kind: 'container',
  id: container.id,
  name: container.name,
  runtime: 'bulkhead',
  container,
  leaving,
});

/** A workload that is not one of our own containers. */
export const isForeign = ({ maker }: Workload, containers: ReadonlyMap<string, Container>): boolean =>
  maker.containerId === undefined || !containers.has(maker.containerId);

export function fitsRuntime(runtime: Runtime, filter: RuntimeFilter): boolean {
  if (filter === 'all') return true;
  return filter === 'containers' ? containerRuntimes.has(runtime) : runtime === filter;
}

/** Text in which a search looks. */
export const searchTextOf = (row: Listed): string =>
  (row.kind === 'container'
    ? [row.name, row.container.tenantId, row.id, row.container.image, row.container.args.join(' ')]
    : [
        row.name,
        row.runtime,
        row.workload.maker.externalId ?? '',
        row.workload.maker.image ?? '',
        row.workload.leader.command,
        row.workload.cgroupPath,
      ]
  )
    .join(' ')
    .toLowerCase();
