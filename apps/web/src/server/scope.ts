import type { Caller } from '@bulkhead/api';
import type { TenantScope } from '@bulkhead/db';

/** The rows a caller may see, in the database's words. */
export const scopeOf = (caller: Caller): TenantScope => (caller.tenants === 'all' ? 'all' : [...caller.tenants]);
