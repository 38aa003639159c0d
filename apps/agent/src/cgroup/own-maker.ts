import { ContainerId, cgroupRoot, type Maker, TenantId } from '@bulkhead/model';

/** What this instance knows of a path by itself: its own cgroups; everything else is somebody's. */
export function ownMaker(instance: string, path: string): Maker {
  const [, root = '', tenantId, containerId] = path.split('/');
  if (root !== cgroupRoot(instance)) return { runtime: 'plain', name: path };
  const tenant = TenantId.safeParse(tenantId);
  const container = ContainerId.safeParse(containerId);
  return {
    runtime: 'bulkhead',
    name: containerId ?? tenantId ?? root,
    ...(tenant.success ? { tenantId: tenant.data } : {}),
    ...(container.success ? { containerId: container.data, externalId: container.data } : {}),
  };
}
