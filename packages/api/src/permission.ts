import type { Subject, TenantId } from '@bulkhead/model';
import { z } from 'zod';

export const Permission = z.enum([
  /** Anybody, signed in or not. */
  'none',
  'session:read',
  'container:read',
  'container:write',
  'container:exec',
  'usage:read',
  'event:read',
  'tenant:read',
  'tenant:write',
  'host:read',
  'namespace:read',
  'cgroup:read',
  'cgroup:write',
  'user:read',
  'user:write',
  'billing:read',
  'billing:write',
  'journal:pull',
]);
export type Permission = z.infer<typeof Permission>;

export const Role = z.enum(['anonymous', 'administrator', 'member', 'collector', 'local-root']);
export type Role = z.infer<typeof Role>;

const everything = new Set(Permission.options);
const member: ReadonlySet<Permission> = new Set([
  'none',
  'session:read',
  'container:read',
  'container:write',
  'container:exec',
  'usage:read',
  'event:read',
  'tenant:read',
  'namespace:read',
  'billing:read',
]);

/** What each role may do at all; which objects it may do it to is the caller's tenants. */
export const rolePermissions: Record<Role, ReadonlySet<Permission>> = {
  anonymous: new Set(['none']),
  administrator: new Set(Permission.options.filter((permission) => permission !== 'journal:pull')),
  member,
  collector: new Set(['none', 'host:read', 'journal:pull']),
  'local-root': everything,
};

/** Who calls, once it has been proved. */
export interface Caller {
  readonly subject: Subject;
  readonly role: Role;
  /** Tenants whose objects the caller may touch. */
  readonly tenants: 'all' | ReadonlySet<TenantId>;
}

/** True where the caller may touch objects of this tenant. */
export function mayTouch(caller: Caller, tenantId: TenantId): boolean {
  return caller.tenants === 'all' || caller.tenants.has(tenantId);
}
