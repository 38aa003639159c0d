import type { Maker, Runtime } from '@bulkhead/model';

/** What a cgroup path tells of who made it. */
export interface CgroupMaker {
  maker: Maker;
  /** The part of the path that is the workload's own, without what it made below. */
  path: string;
  /**
   * - `container`: everything below belongs to it, whatever else the path says
   * - `service`: systemd started the processes, and made their namespaces where they have own ones
   * - `scope`: systemd was handed processes that others started; it makes no namespaces for them
   */
  kind: 'container' | 'service' | 'scope';
}

interface Found {
  runtime: Runtime;
  externalId: string;
  name?: string;
}

const id = '[0-9a-f]{64}';
/** Containers by the names that runtimes give the innermost directory, with the cgroupfs and the systemd driver. */
const containerNames: readonly (readonly [RegExp, Runtime])[] = [
  [new RegExp(`^docker-(${id})\\.scope$`), 'docker'],
  [new RegExp(`^libpod-(?:payload-)?(${id})(?:\\.scope)?$`), 'podman'],
  [new RegExp(`^crio-(${id})(?:\\.scope)?$`), 'cri-o'],
  // A systemd path that reached a runtime with the cgroupfs driver is one directory: slice:prefix:name.
  [new RegExp(`^(?:[^:]+:)?(?:cri-containerd|nerdctl)[-:](${id})(?:\\.scope)?$`), 'containerd'],
];
const bareId = new RegExp(`^${id}$`);
/** Directories of the cgroupfs driver whose children are containers by their bare id. */
const parentsOfIds = new Map<string, Runtime>([
  ['docker', 'docker'],
  ['moby', 'docker'],
  ['libpod_parent', 'podman'],
  ['default', 'containerd'],
  ['k8s.io', 'containerd'],
]);
const pod = /^pod[0-9a-f-]{32,36}$/;

/** Characters that systemd escapes in names of units (systemd-escape(1)). */
const unescapeUnit = (name: string): string =>
  name.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

function containerOf(segments: readonly string[], index: number): Found | undefined {
  const segment = segments[index] as string;
  const parent = segments[index - 1] ?? '';
  for (const [pattern, runtime] of containerNames) {
    const externalId = pattern.exec(segment)?.[1];
    if (externalId !== undefined) return { runtime, externalId };
  }
  if (bareId.test(segment)) {
    // The kubelet's cgroupfs driver says the pod, not the runtime; with dockershim gone that is containerd (CRI-O prefixes).
    const runtime = parentsOfIds.get(parent) ?? (pod.test(parent) ? 'containerd' : undefined);
    if (runtime !== undefined) return { runtime, externalId: segment };
  }
  // lxc.monitor.NAME is the monitor's, which is outside. LXD and Incus put the project before the name: project_name.
  const lxc = /^lxc\.payload\.(.+)$/.exec(segment)?.[1] ?? (parent === 'lxc' || parent === 'lxc.payload' ? segment : undefined);
  if (lxc !== undefined) return { runtime: 'lxc', externalId: lxc, name: lxc };
  const machine = /^machine-(.+)\.scope$/.exec(segment)?.[1];
  if (machine !== undefined) {
    const name = unescapeUnit(machine);
    if (name.startsWith('qemu-')) return undefined;
    const libvirt = /^lxc-\d+-(.+)$/.exec(name)?.[1];
    return libvirt === undefined
      ? { runtime: 'systemd-nspawn', externalId: name, name }
      : { runtime: 'lxc', externalId: name, name: libvirt };
  }
  const nspawn = /^systemd-nspawn@(.+)\.service$/.exec(segment)?.[1];
  // The program itself is in `supervisor`, the container in `payload`.
  if (nspawn !== undefined && segments[index + 1] === 'payload')
    return { runtime: 'systemd-nspawn', externalId: unescapeUnit(nspawn), name: unescapeUnit(nspawn) };
  const flatpak = /^app-flatpak-(.+)-\d+\.scope$/.exec(segment)?.[1];
  if (flatpak !== undefined) return { runtime: 'bubblewrap', externalId: segment, name: unescapeUnit(flatpak) };
  return undefined;
}

const ours = /^bulkhead-([a-z0-9]+)$/;
const tenant = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;
const container = /^[0-9a-f]{16}$/;

function bulkheadOf(segments: readonly string[], own: OwnInstance | undefined): CgroupMaker | undefined {
  for (const [index, segment] of segments.entries()) {
    // Whoever may make cgroups may name them like ours: within another's container a name says nothing.
    if (containerOf(segments, index) !== undefined) return undefined;
    const name = ours.exec(segment)?.[1];
    const [tenantId = '', containerId = ''] = segments.slice(index + 1);
    if (name === undefined || !tenant.test(tenantId) || !container.test(containerId)) continue;
    const isOwn = name === own?.instance && `/${segments.slice(0, index + 1).join('/')}` === own.cgroupPath;
    return {
      maker: {
        runtime: 'bulkhead',
        externalId: containerId,
        name: containerId,
        ...(isOwn ? { containerId, tenantId } : { instance: name }),
      },
      path: `/${segments.slice(0, index + 3).join('/')}`,
      kind: 'container',
    };
  }
  return undefined;
}

const unit = /\.(service|scope|socket|mount|swap)$/;

/** The instance that looks: what lies below its cgroup, and nowhere else, is told with tenant and container id. */
export interface OwnInstance {
  instance: string;
  /** Path of its cgroup below each mount point. */
  cgroupPath: string;
}

/**
 * Who made the processes of a cgroup, by its path below the mount point of a hierarchy.
 *
 * @returns undefined where the path says nothing: `/`, a slice, or a directory somebody made
 */
export function makerOfPath(path: string, own?: OwnInstance): CgroupMaker | undefined {
  const segments = path.split('/').filter((segment) => segment !== '' && segment !== '..');
  const bulkhead = bulkheadOf(segments, own);
  // What a container of ours runs inside is its tenant's, also where that is another runtime.
  if (bulkhead !== undefined) return bulkhead;
  for (let index = segments.length - 1; index >= 0; index -= 1) {
    const found = containerOf(segments, index);
    if (found === undefined) continue;
    const { runtime, externalId, name = externalId.slice(0, 12) } = found;
    return {
      maker: { runtime, externalId: externalId.slice(0, 512), name: name.slice(0, 256) },
      path: `/${segments.slice(0, index + 1).join('/')}`,
      kind: 'container',
    };
  }
  for (let index = segments.length - 1; index >= 0; index -= 1) {
    const segment = segments[index] as string;
    const type = unit.exec(segment)?.[1];
    if (type === undefined) continue;
    return {
      maker: { runtime: 'systemd', externalId: segment.slice(0, 512), name: segment.slice(0, 256) },
      path: `/${segments.slice(0, index + 1).join('/')}`,
      kind: type === 'scope' ? 'scope' : 'service',
    };
  }
  return undefined;
}
