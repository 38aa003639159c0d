import type { agentContract } from '@bulkhead/api';
import type { HandlersOf } from '@bulkhead/api/router';
import type { Services } from './services.ts';

export const journalHandlers = (services: Services): HandlersOf<typeof agentContract>['journal'] => ({
  pull: ({ input }) => services.journal.pull(input.after, input.limit),

  acknowledge({ input }) {
    services.journal.acknowledge(input.seq);
    return {};
  },

  async flush() {
    services.runtime();
    await services.sampler.flush();
    return { lastSeq: services.journal.lastSeq };
  },
});
