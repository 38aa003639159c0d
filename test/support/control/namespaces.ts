import type { Container, Maker, Namespace, NamespaceInventory, ProcessReference, Workload } from '@bulkhead/model';
import { detailOf } from './sample-data.ts';

const dev = '4';
const hostTypes = ['pid', 'network', 'mount', 'ipc', 'uts', 'cgroup', 'user', 'time'] as const;
const hostIno = (index: number) => String(4_026_531_836 + index);
/** The host's own namespace of a type. */
export const hostNamespaceKey = (type: Namespace['type']): string => `${dev}-${hostIno(hostTypes.indexOf(type))}`;
const host: ProcessReference = { pid: 1, startTimeTicks: '12', command: 'systemd' };
const since = new Date(Date.now() - 3_600_000).toISOString();
const kernel: Maker = { runtime: 'kernel', name: 'kernel' };

const holders = (processes: number): Namespace['holders'] => ({
  processes,
  threads: 0,
  mounts: [],
  mountCount: 0,
  descriptors: [],
  descriptorCount: 0,
  children: 0,
});

/** Inodes that stay with a container as long as it is there. */
const firstInoOf = (container: { id: string }): number => 4_026_600_000 + (Number.parseInt(container.id.slice(0, 7), 16) % 10_000_000) * 8;

/** The pid namespace of a container, where it runs. */
export const namespaceKeyOf = (container: { id: string }): string => `${dev}-${firstInoOf(container)}`;

/** What an agent would tell of a host on which these containers run, and nothing else but its init. */
export function inventoryOf(containers: readonly Container[]): NamespaceInventory {
  const userOfHost = `${dev}-${hostIno(hostTypes.indexOf('user'))}`;
  const namespaces: Namespace[] = hostTypes.map((type, index) => ({
    key: `${dev}-${hostIno(index)}`,
    type,
    dev,
    ino: hostIno(index),
    initial: true,
    ...(type === 'user' ? { ownerUid: 0 } : { owner: userOfHost }),
    maker: kernel,
    holders: holders(1),
    leader: host,
    firstSeenAt: since,
  }));
  const workloads: Workload[] = [
    {
      id: 'systemd-init.scope',
      maker: { runtime: 'systemd', name: 'init.scope', externalId: 'init.scope' },
      cgroupPath: '/init.scope',
      processes: 1,
      leader: host,
      startedAt: since,
      groups: [{ namespaces: namespaces.map(({ key }) => key), processes: 1, leader: host }],
      groupCount: 1,
    },
  ];
  for (const container of containers) {
    if (container.status !== 'running') continue;
    const { id, name, tenantId } = container;
    const maker: Maker = { runtime: 'bulkhead', name, externalId: id, containerId: id, tenantId };
    const leader: ProcessReference = { pid: container.pid ?? 4711, startTimeTicks: '360000', command: container.args[0] ?? 'sh' };
    const own = detailOf(container).namespaces.map(({ type, initial }, index): Namespace => {
      const ino = initial ? hostIno(hostTypes.indexOf(type)) : String(firstInoOf(container) + index);
      return { key: `${dev}-${ino}`, type, dev, ino, initial, maker, holders: holders(2), leader, firstSeenAt: container.createdAt };
    });
    const owner = own.find(({ type }) => type === 'user')?.key ?? userOfHost;
    for (const namespace of own)
      if (!namespace.initial)
        namespaces.push({
          ...namespace,
          owner: namespace.type === 'user' ? userOfHost : owner,
          ...(namespace.type === 'user' ? { parent: userOfHost, ownerUid: 0 } : {}),
        });
    workloads.push({
      id: `bulkhead-${id}`,
      maker,
      cgroupPath: `/bulkhead-abc/${tenantId}/${id}`,
      processes: 2,
      leader,
      startedAt: container.startedAt ?? container.createdAt,
      groups: [{ namespaces: own.map(({ key }) => key), processes: 2, leader }],
      groupCount: 1,
    });
  }
  // As of the last change, so that two looks at the same are the same.
  const at =
    containers
      .map(({ createdAt }) => createdAt)
      .toSorted()
      .at(-1) ?? since;
  return { at, namespaces, workloads, unreadable: { processes: 0, descriptors: 0, reasons: [] } };
}
