import type { agentContract } from '@bulkhead/api';
import type { HandlersOf } from '@bulkhead/api/router';
import type { Services } from './services.ts';

export const labHandlers = ({ labs }: Services): HandlersOf<typeof agentContract>['lab'] => ({
  list: () => labs.list(),
  start: ({ caller, input }) => labs.start(input, caller.subject),
  watch: ({ input, signal }) => labs.watch(input.run, signal),
  stop: ({ input }) => labs.stop(input.run),
});
