import type { agentContract } from '@bulkhead/api';
import type { HandlersOf } from '@bulkhead/api/router';
import type { Services } from './services.ts';

export const hostHandlers = ({ host }: Services): HandlersOf<typeof agentContract>['host'] => ({
  info: () => host.info(),
  use: () => host.use(),
  doctor: () => host.doctor(),
});
