import { z } from 'zod';

/** Unsigned 64-bit counter as the kernel prints it: decimal text on the wire, so that no byte is lost in a JSON number. */
export const Counter = z.string().regex(/^\d{1,20}$/, 'must be a decimal counter');
export type Counter = z.infer<typeof Counter>;

/** A limit as cgroup-v2.rst writes it: a number, or `max` for none. */
export const Limit = z.union([z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER), z.literal('max')]);
export type Limit = z.infer<typeof Limit>;

/** Point in time, UTC, RFC 3339 with milliseconds. */
export const Timestamp = z.iso.datetime({ precision: 3 });
export type Timestamp = z.infer<typeof Timestamp>;

/** Name of a tenant: stands in cgroup paths and URLs. */
export const TenantId = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/, 'must be 1 to 40 lower-case letters, digits and inner hyphens');
export type TenantId = z.infer<typeof TenantId>;

/** 16 hexadecimal digits, drawn at random when the container is created. */
export const ContainerId = z.string().regex(/^[0-9a-f]{16}$/, 'must be 16 hexadecimal digits');
export type ContainerId = z.infer<typeof ContainerId>;

/** Name of a container: unique on its host, also its first host name. */
export const ContainerName = z
  .string()
  .regex(
    /^[a-zA-Z0-9](?:[a-zA-Z0-9_.-]{0,61}[a-zA-Z0-9])?$/,
    'must be 1 to 63 letters, digits, "_", "." and "-", and begin and end with a letter or digit',
  );
export type ContainerName = z.infer<typeof ContainerName>;

/** A container's id or its name, as people type it. */
export const ContainerReference = z.string().min(1).max(63);
export type ContainerReference = z.infer<typeof ContainerReference>;

/** UUID drawn once per host and kept in its state directory. */
export const HostId = z.uuid();
export type HostId = z.infer<typeof HostId>;

/** Contents of /proc/sys/kernel/random/boot_id. */
export const BootId = z.uuid();
export type BootId = z.infer<typeof BootId>;
