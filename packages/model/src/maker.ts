import { z } from 'zod';
import { ContainerId, TenantId } from './primitives.ts';

/**
 * Whose work a process, a namespace or a cgroup is, as far as its cgroup path and its ancestors tell.
 * - `kernel`: threads of the kernel, and what was there at boot
 * - `systemd`: a unit (service, scope, user session)
 * - `browser`: the sandbox of a browser or of an application built on one
 * - `plain`: none of the others; started by hand or by a program that is no runtime
 */
export const Runtime = z.enum([
  'bulkhead',
  'docker',
  'containerd',
  'cri-o',
  'podman',
  'lxc',
  'systemd-nspawn',
  'bubblewrap',
  'systemd',
  'browser',
  'kernel',
  'plain',
]);
export type Runtime = z.infer<typeof Runtime>;

/**
 * Why what people call a container is not known, where its runtime keeps that in a file.
 * - `absent`: there is no such file, or it does not list the container
 * - `unsafe`: somebody else than root could have put it there
 * - `too-large`, `unreadable`, `malformed`: as they say
 */
export const NameMissing = z.enum(['absent', 'unsafe', 'too-large', 'unreadable', 'malformed']);
export type NameMissing = z.infer<typeof NameMissing>;

export const Maker = z.object({
  runtime: Runtime,
  /** Identity in the words of that runtime: a container id, a unit's name; absent where it has none. */
  externalId: z.string().max(512).optional(),
  /** What people call it: a container's name, a unit, a command. */
  name: z.string().max(256),
  /** Set where `name` is but a part of the id, because no other could be found. */
  nameMissing: NameMissing.optional(),
  /** Image of a container of another runtime, as it was asked for. */
  image: z.string().max(512).optional(),
  /** Set where it is a container of this instance. */
  containerId: ContainerId.optional(),
  tenantId: TenantId.optional(),
  /** Name of the Bulkhead instance that made it, where it is another than the one that answers. */
  instance: z.string().max(64).optional(),
});
export type Maker = z.infer<typeof Maker>;
