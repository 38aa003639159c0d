import type { DoctorCheck, DoctorText, NamespaceType } from '@bulkhead/model';
import { doctorText } from '@bulkhead/model/doctor-text';
import type { TestHost } from './host.ts';

const container: readonly NamespaceType[] = ['pid', 'network', 'mount', 'ipc', 'uts', 'cgroup'];
const mebibyte = 1024 ** 2;

/** A host as people have them: Docker, a pod of Podman, LXC, units of systemd, a browser, something by hand, something that is only held. */
export function populateHost(host: TestHost): void {
  host.addCgroup(
    '/',
    { runtime: 'kernel', name: '/' },
    {
      cpuMillis: 1840,
      memoryBytes: 5300 * mebibyte,
      ioReadBytesPerSecond: 48_000,
      ioWriteBytesPerSecond: 1_240_000,
      pids: 412,
      pressure: { cpuSome: 0.031, memorySome: 0, memoryFull: 0, ioSome: 0.008, ioFull: 0.002 },
    },
  );
  const images: Record<string, string> = { 'shop-web': 'nginx:1.27', 'shop-database': 'postgres:17', mail: 'docker.io/boky/postfix' };
  const docker = (name: string, id: string, use: Parameters<TestHost['addWorkload']>[0]['use'], limits = {}) =>
    host.addWorkload({
      runtime: 'docker',
      name,
      externalId: id.repeat(16),
      image: images[name] ?? name,
      command: `${name}: master process`,
      cgroupPath: `/system.slice/docker-${id.repeat(16)}.scope`,
      processes: 3,
      own: container,
      ...(use === undefined ? {} : { use }),
      limits,
    });
  docker(
    'shop-web',
    'ab12',
    {
      cpuMillis: 412,
      memoryBytes: 310 * mebibyte,
      ioReadBytesPerSecond: 0,
      ioWriteBytesPerSecond: 12_400,
      pids: 9,
      throttled: 0.42,
      pressure: { cpuSome: 0.61, memorySome: 0.02, memoryFull: 0, ioSome: 0, ioFull: 0 },
    },
    { cpuMaxMillis: 500, memoryMaxBytes: 512 * mebibyte, memoryHighBytes: 400 * mebibyte, pidsMax: 512 },
  );
  docker(
    'shop-database',
    'cd34',
    {
      cpuMillis: 96,
      memoryBytes: 1800 * mebibyte,
      ioReadBytesPerSecond: 2_400_000,
      ioWriteBytesPerSecond: 880_000,
      pids: 31,
      throttled: 0,
      pressure: { cpuSome: 0.01, memorySome: 0.24, memoryFull: 0.18, ioSome: 0.11, ioFull: 0.07 },
    },
    { memoryMaxBytes: 2048 * mebibyte },
  );
  docker('mail', 'ef56', { cpuMillis: 3, memoryBytes: 42 * mebibyte, pids: 5 });
  // One of Kubernetes', by the names of namespace, pod and container.
  host.addWorkload({
    runtime: 'containerd',
    name: 'billing/api-7d9f-x2k4p/api',
    externalId: '9a7c'.repeat(16),
    image: 'registry.example.org/billing/api:2.4.1',
    command: '/app/api --listen :8080',
    cgroupPath: `/kubepods.slice/kubepods-burstable.slice/cri-containerd-${'9a7c'.repeat(16)}.scope`,
    processes: 5,
    own: container,
    use: { cpuMillis: 140, memoryBytes: 212 * mebibyte, pids: 14 },
    limits: { memoryMaxBytes: 256 * mebibyte, cpuMaxMillis: 1000 },
  });
  // A pod: three containers in one network.
  const infra = host.addWorkload({
    runtime: 'podman',
    name: 'pod-infra',
    externalId: '0f'.repeat(32),
    command: 'catatonit -P',
    cgroupPath: '/machine.slice/libpod_pod.slice/libpod-infra.scope',
    own: container,
    use: { cpuMillis: 0, memoryBytes: 1 * mebibyte, pids: 1 },
  });
  const [group] = infra.groups;
  const network = group?.namespaces[1] ?? '';
  for (const name of ['pod-api', 'pod-queue'])
    host.addWorkload({
      runtime: 'podman',
      name,
      externalId: '1e'.repeat(32),
      command: name,
      cgroupPath: `/machine.slice/libpod_pod.slice/libpod-${name}.scope`,
      processes: 2,
      own: ['pid', 'mount', 'ipc', 'cgroup'],
      shared: { network, uts: group?.namespaces[4] ?? '' },
      use: { cpuMillis: 55, memoryBytes: 88 * mebibyte, pids: 4 },
    });
  const lxc = host.addWorkload({
    runtime: 'lxc',
    name: 'build',
    command: '/sbin/init',
    cgroupPath: '/lxc.payload.build',
    processes: 14,
    own: [...container, 'user'],
    use: { cpuMillis: 230, memoryBytes: 640 * mebibyte, pids: 40 },
  });
  // Inside of it somebody runs a container of their own: boxes in boxes.
  const inner = host.addWorkload({
    runtime: 'bubblewrap',
    name: 'compile',
    command: 'bwrap --unshare-all make',
    cgroupPath: '/lxc.payload.build/compile.scope',
    processes: 4,
    own: ['pid', 'mount', 'user'],
    use: { cpuMillis: 210, memoryBytes: 90 * mebibyte, pids: 6 },
  });
  for (const type of ['pid', 'user'] as const) {
    const index = type === 'pid' ? 0 : 6;
    const [outerKey, innerKey] = [lxc.groups[0]?.namespaces[index] ?? '', inner.groups[0]?.namespaces[index] ?? ''];
    const nested = host.namespaces.get(innerKey);
    const outer = host.namespaces.get(outerKey);
    if (nested !== undefined) host.namespaces.set(innerKey, { ...nested, parent: outerKey });
    if (outer !== undefined) host.namespaces.set(outerKey, { ...outer, holders: { ...outer.holders, children: 1 } });
  }
  host.addWorkload({
    runtime: 'systemd-nspawn',
    name: 'bookworm',
    command: '/usr/lib/systemd/systemd',
    cgroupPath: '/machine.slice/machine-bookworm.scope/payload',
    processes: 8,
    own: container,
    use: { cpuMillis: 12, memoryBytes: 120 * mebibyte, pids: 22 },
  });
  for (const [unit, cpuMillis, own] of [
    ['ssh.service', 1, []],
    ['cron.service', 0, []],
    ['systemd-journald.service', 4, []],
    ['systemd-udevd.service', 1, ['mount', 'uts']],
    ['postgresql.service', 61, ['mount']],
    ['nginx.service', 18, ['mount']],
    ['polkit.service', 0, ['mount', 'network']],
  ] as const)
    host.addWorkload({
      runtime: 'systemd',
      name: unit,
      externalId: unit,
      command: unit.replace('.service', ''),
      cgroupPath: `/system.slice/${unit}`,
      processes: 2,
      own,
      use: { cpuMillis, memoryBytes: (8 + cpuMillis) * mebibyte, pids: 3, ioReadBytesPerSecond: 0, ioWriteBytesPerSecond: 0 },
    });
  host.addWorkload({
    runtime: 'browser',
    name: 'chromium',
    command: 'chromium --type=renderer',
    cgroupPath: '/user.slice/user-1000.slice/session-2.scope',
    processes: 6,
    own: ['pid', 'network', 'user'],
    use: { cpuMillis: 96, memoryBytes: 900 * mebibyte, pids: 88 },
  });
  host.addWorkload({
    runtime: 'plain',
    name: 'unshare',
    command: 'unshare -n sleep 600',
    cgroupPath: '/user.slice/user-1000.slice/session-2.scope',
    own: ['network'],
    cgroup: false,
  });
  host.addWorkload({ runtime: 'plain', name: 'bash', command: '-bash', cgroupPath: '/', cgroup: false });
  host.addEmpty('network', 'mount', 'blue');
  host.addEmpty('network', 'descriptor', 'keeper');
  host.unreadable = {
    processes: 0,
    descriptors: 2,
    reasons: ['The descriptors of some processes may not be read.'],
    told: [{ reason: 'descriptors', count: 2 }],
  };
  host.gaps = { cgroups: 0, leftOut: 0, leftOutBelow: [], reasons: ['pressure-hybrid'] };
  const check = (id: string, state: DoctorCheck['state'], found: DoctorText, cost?: DoctorText, remedy?: DoctorText): DoctorCheck => ({
    id,
    group: id.slice(0, id.indexOf('.')) as DoctorCheck['group'],
    state,
    found,
    ...(cost === undefined ? {} : { cost }),
    ...(remedy === undefined ? {} : { remedy }),
  });
  host.checks = [
    check('kernel.release', 'good', doctorText('kernel.release', { release: '6.18.5-amd64' })),
    check('kernel.listns', 'good', doctorText('kernel.listns.instead', { since: '6.19' }), doctorText('kernel.listns.loss')),
    check('kernel.psi', 'attention', doctorText('switched-off'), doctorText('kernel.psi.loss'), doctorText('kernel.psi.switch-on')),
    check('cgroup.setup', 'good', doctorText('cgroup.setup.hybrid')),
    check(
      'privilege.capabilities',
      'attention',
      doctorText('privilege.capabilities.lacks', { capabilities: 'CAP_SYS_RESOURCE' }),
      doctorText('privilege.capabilities.resource-loss'),
      doctorText('privilege.capabilities.resource-get'),
    ),
    check(
      'disk.state-directory',
      'bad',
      doctorText('disk.free', { free: '412 MiB', total: '40.0 GiB', path: '/var/lib/bulkhead' }),
      doctorText('disk.no-space'),
      doctorText('disk.make-room'),
    ),
    check('clock.source', 'good', doctorText('as-is', { text: 'tsc' })),
    check('network.port', 'good', doctorText('network.port.served', { place: '127.0.0.1:8470', pid: 1720 })),
    check('version.node', 'good', doctorText('as-is', { text: 'v26.10.0' })),
    check('service.collector', 'unknown', doctorText('could-not-be-read', { why: 'EACCES' }), undefined, doctorText('as-root')),
  ];
}

/** Many namespaces of one type, each with one process, as a host with thousands of containers has them. */
export function crowdHost(host: TestHost, count: number, type: NamespaceType = 'network'): void {
  const runtimes = ['docker', 'podman', 'lxc', 'plain', 'browser'] as const;
  const add = (index: number) => {
    const runtime = runtimes[index % runtimes.length] ?? 'plain';
    const name = runtime === 'plain' ? 'unshare' : `${runtime}-${['api', 'web', 'job', 'db'][index % 4]}-${String(index).padStart(5, '0')}`;
    host.addWorkload({ runtime, name, cgroupPath: `/crowd/${index}`, own: [type], cgroup: false });
  };
  host.batch(() => {
    for (let index = 0; index < count; index += 1) add(index);
  });
}
