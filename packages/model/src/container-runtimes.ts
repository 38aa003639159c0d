import type { Runtime } from './maker.ts';

/** Runtimes whose workloads are containers in the eyes of an administrator. */
export const containerRuntimes: ReadonlySet<Runtime> = new Set<Runtime>([
  'bulkhead',
  'docker',
  'containerd',
  'cri-o',
  'podman',
  'lxc',
  'systemd-nspawn',
]);
