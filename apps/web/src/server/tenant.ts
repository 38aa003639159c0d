import type { controlContract } from '@bulkhead/api';
import type { HandlersOf } from '@bulkhead/api/router';
import { listTenants } from '@bulkhead/db';
import { scopeOf } from './scope.ts';
import type { Services } from './services.ts';

export function tenantHandlers({ database }: Services): HandlersOf<typeof controlContract>['tenant'] {
  return { list: ({ caller }) => listTenants(database, scopeOf(caller)) };
}
