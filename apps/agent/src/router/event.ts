import { type agentContract, mayTouch } from '@bulkhead/api';
import type { HandlersOf } from '@bulkhead/api/router';
import type { Services } from './services.ts';

export const eventHandlers = ({ events }: Services): HandlersOf<typeof agentContract>['event'] => ({
  async *watch({ caller, signal }) {
    yield* events.live.subscribe({
      signal,
      // What belongs to no tenant concerns the host.
      select: (event) => ((event.tenantId === undefined ? caller.tenants === 'all' : mayTouch(caller, event.tenantId)) ? event : undefined),
    });
  },
});
