import { type Caller, controlContract } from '@bulkhead/api';
import { createRouter, type HandlersOf } from '@bulkhead/api/router';
import { callerFromHeaders } from './auth.ts';
import { accountHandlers, creditHandlers } from './billing/account.ts';
import { invoiceHandlers } from './billing/invoice.ts';
import { planHandlers } from './billing/plan.ts';
import { cgroupHandlers } from './cgroup.ts';
import { containerHandlers } from './container.ts';
import { eventHandlers } from './event.ts';
import { hostHandlers } from './host.ts';
import { localRoot } from './identity.ts';
import { labHandlers } from './lab.ts';
import { ledgerHandlers } from './ledger.ts';
import { namespaceHandlers } from './namespace.ts';
import type { Services } from './services.ts';
import { sessionHandlers } from './session.ts';
import { setupHandlers } from './setup.ts';
import { tenantHandlers } from './tenant.ts';
import { usageHandlers } from './usage.ts';
import { userHandlers } from './user.ts';

/** How a call came in. */
export type ControlContext = { from: 'control-socket' } | { from: 'browser'; headers: Headers };

export function createControlRouter(services: Services) {
  const handlers: HandlersOf<typeof controlContract> = {
    session: sessionHandlers(),
    setup: setupHandlers(services),
    container: containerHandlers(services),
    cgroup: cgroupHandlers(services),
    namespace: namespaceHandlers(services),
    lab: labHandlers(services),
    event: eventHandlers(services),
    usage: usageHandlers(services),
    ledger: ledgerHandlers(services),
    plan: planHandlers(services),
    account: accountHandlers(services),
    credit: creditHandlers(services),
    invoice: invoiceHandlers(services),
    tenant: tenantHandlers(services),
    user: userHandlers(services),
    host: hostHandlers(services),
  };
  return createRouter<typeof controlContract, ControlContext>(controlContract, handlers, {
    authenticate: ({ context }): Caller | Promise<Caller> =>
      context.from === 'control-socket' ? localRoot : callerFromHeaders(services.auth, services.database, context.headers),
    onFailure({ path, error, reference, caller }) {
      const entry = { path, reference, subject: caller?.subject.id, role: caller?.role, code: error.code, problem: error.message };
      // Only what nobody foresaw needs its stack; the rest is somebody's mistake, told to them already.
      if (error.code === 'INTERNAL_SERVER_ERROR') services.log.error({ ...entry, err: error.cause ?? error }, 'a call failed');
      else services.log.info(entry, 'a call was refused');
    },
  });
}
export type ControlRouterInstance = ReturnType<typeof createControlRouter>;
