import type { Maker } from '@bulkhead/model';
import { makerOfPath, type OwnInstance } from '@bulkhead/namespace';

/**
 * Whose a cgroup is: what its path says, and of paths that lead to several workloads (slices, tenants, directories) what
 * they are themselves.
 *
 * @param path with a slash before it
 */
export function makerOf(path: string, own: OwnInstance): Maker {
  const found = makerOfPath(path, own);
  const name = path.slice(path.lastIndexOf('/') + 1).slice(0, 256);
  // What lies in a scope of systemd's and belongs to no container is ours all the same.
  const isOwn = path === own.cgroupPath || path.startsWith(`${own.cgroupPath}/`);
  if (isOwn && found?.kind !== 'container')
    return { runtime: 'bulkhead', name, ...(path === `${own.cgroupPath}/${name}` ? { tenantId: name } : {}) };
  const other = /^(?:\/system\.slice\/bulkhead-[0-9a-f]{3}\.scope)?\/bulkhead-([0-9a-f]{3})(?:\/|$)/.exec(path)?.[1];
  if (other !== undefined && found?.kind !== 'container') return { runtime: 'bulkhead', name, instance: other };
  if (found !== undefined) return found.maker;
  if (name === '') return { runtime: 'kernel', name: '/' };
  return name.endsWith('.slice') ? { runtime: 'systemd', name, externalId: name } : { runtime: 'plain', name };
}
