import type { controlContract } from '@bulkhead/api';
import type { HandlersOf } from '@bulkhead/api/router';
import { viewOf } from './identity.ts';

export function sessionHandlers(): HandlersOf<typeof controlContract>['session'] {
  return { current: ({ caller }) => viewOf(caller) };
}
