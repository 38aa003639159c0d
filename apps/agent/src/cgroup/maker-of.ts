import { cgroupRoot, type Maker } from '@bulkhead/model';
import { makerOfPath } from '@bulkhead/namespace';

/**
 * Whose a cgroup is: what its path says, and of paths that lead to several workloads (slices, tenants, directories) what
 * they are themselves.
 *
 * @param path with a slash before it
 */
export function makerOf(path: string, instance: string): Maker {
  const own = { instance, cgroupPath: `/${cgroupRoot(instance)}` };
  const found = makerOfPath(path, own);
  if (found !== undefined) return found.maker;
  const name = path.slice(path.lastIndexOf('/') + 1).slice(0, 256);
  if (name === '') return { runtime: 'kernel', name: '/' };
  const [, root = '', tenantId] = path.split('/');
  const other = /^bulkhead-([0-9a-f]{3})$/.exec(root)?.[1];
  if (`/${root}` === own.cgroupPath) return { runtime: 'bulkhead', name, ...(tenantId === name ? { tenantId } : {}) };
  if (other !== undefined) return { runtime: 'bulkhead', name, instance: other };
  return name.endsWith('.slice') ? { runtime: 'systemd', name, externalId: name } : { runtime: 'plain', name };
}
