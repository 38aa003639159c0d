import { type Caller, mayTouch } from '@bulkhead/api';
import type { ContainerRuntime } from '@bulkhead/container';
import { type Container, Problem } from '@bulkhead/model';
import type { PolicyGate } from '../authorisation/policy.ts';
import type { CgroupConfigs } from '../cgroup/cgroup-configs.ts';
import type { CgroupVerbs } from '../cgroup/cgroup-verbs.ts';
import type { HostCgroups } from '../cgroup/host-cgroups.ts';
import type { ContainerHistory } from '../container/history.ts';
import type { PostMortems } from '../container/post-mortems.ts';
import type { EventLog } from '../event/event-log.ts';
import type { HostFacts } from '../host/host-facts.ts';
import type { Journal } from '../journal/journal.ts';
import type { Labs } from '../lab/labs.ts';
import type { NamespaceView } from '../namespace/namespace-view.ts';
import type { GroupMeters } from '../sampler/group-meters.ts';
import type { Sampler } from '../sampler/sampler.ts';

/** What the handlers work with. */
export interface Services {
  /** The runtime once it has recovered. @throws Problem 'unavailable' before */
  runtime(): ContainerRuntime;
  sampler: Sampler;
  groupMeters: GroupMeters;
  journal: Journal;
  events: EventLog;
  history: ContainerHistory;
  postMortems: PostMortems;
  policy: PolicyGate;
  host: HostFacts;
  hostCgroups: HostCgroups;
  cgroupVerbs: CgroupVerbs;
  cgroupConfigs: CgroupConfigs;
  namespaces: NamespaceView;
  labs: Labs;
}

/**
 * The container meant, where the caller may touch it.
 *
 * @throws Problem 'not-found', in the same words whether it does not exist or belongs to somebody else
 */
export function findContainer(services: Services, caller: Caller, reference: string): Container {
  const container = services.runtime().find(reference, ({ tenantId }) => mayTouch(caller, tenantId));
  if (container === undefined) throw new Problem('not-found', `no container ${reference}`, { remedy: './bulkhead ps -a lists them' });
  return container;
}

/** @throws Problem 'not-found', in the same words whether the tenant does not exist or is somebody else's */
export function checkTenant(caller: Caller, tenantId: string): void {
  if (!mayTouch(caller, tenantId)) throw new Problem('not-found', `no tenant ${tenantId}`);
}
