import { agentContract } from '@bulkhead/api';
import { createRouter, type RouterOptions } from '@bulkhead/api/router';
import type { CallContext } from '../authorisation/authenticate.ts';
import { cgroupHandlers } from './cgroup.ts';
import { containerHandlers } from './container.ts';
import { eventHandlers } from './event.ts';
import { hostHandlers } from './host.ts';
import { journalHandlers } from './journal.ts';
import { labHandlers } from './lab.ts';
import { ledgerHandlers } from './ledger.ts';
import { namespaceHandlers } from './namespace.ts';
import type { Services } from './services.ts';

/** The router of everything an agent answers. */
export const createAgentRouter = (services: Services, options: RouterOptions<CallContext>) =>
  createRouter<typeof agentContract, CallContext>(
    agentContract,
    {
      container: containerHandlers(services),
      cgroup: cgroupHandlers(services),
      namespace: namespaceHandlers(services),
      lab: labHandlers(services),
      host: hostHandlers(services),
      event: eventHandlers(services),
      ledger: ledgerHandlers(services),
      journal: journalHandlers(services),
    },
    options,
  );
