import type { Caller, SessionView } from '@bulkhead/api';
import type { TenantId } from '@bulkhead/model';

/** Nobody has signed in. */
export const anonymous: Caller = { subject: { kind: 'user', id: '', name: '' }, role: 'anonymous', tenants: new Set() };

/** Whoever can connect to the control socket: its mode lets in this process's own user and root. */
export const localRoot: Caller = { subject: { kind: 'local-root', id: '0', name: 'root' }, role: 'local-root', tenants: 'all' };

interface SignedInUser {
  id: string;
  name: string;
  email: string;
  role?: string | null | undefined;
}

const users = new WeakMap<Caller, SignedInUser>();

/** Rights of a signed-in user: an administrator sees all tenants, anybody else those whose organisation it belongs to. */
export function callerOf(user: SignedInUser, tenants: readonly TenantId[]): Caller {
  const administrator = (user.role ?? '').split(',').includes('admin');
  const caller: Caller = {
    subject: { kind: 'user', id: user.id, name: user.name },
    role: administrator ? 'administrator' : 'member',
    tenants: administrator ? 'all' : new Set(tenants),
  };
  users.set(caller, user);
  return caller;
}

export function viewOf(caller: Caller): SessionView {
  const user = users.get(caller);
  return {
    ...(user === undefined ? {} : { user: { id: user.id, name: user.name, email: user.email } }),
    role: caller.role,
    tenants: caller.tenants === 'all' ? 'all' : [...caller.tenants].sort(),
  };
}

/** True where both may do the same to the same things. */
export function sameRights(a: Caller, b: Caller): boolean {
  if (a.subject.id !== b.subject.id || a.role !== b.role) return false;
  if (a.tenants === 'all' || b.tenants === 'all') return a.tenants === b.tenants;
  return a.tenants.size === b.tenants.size && a.tenants.isSubsetOf(b.tenants);
}
