import type { agentContract } from '@bulkhead/api';
import type { HandlersOf } from '@bulkhead/api/router';
import type { Services } from './services.ts';

export const ledgerHandlers = ({ groupMeters }: Services): HandlersOf<typeof agentContract>['ledger'] => ({
  meter({ input }) {
    groupMeters.set(input.paths);
    return { metered: groupMeters.present };
  },
});
