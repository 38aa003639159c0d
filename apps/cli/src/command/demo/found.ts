import type { AccountView, BillingIssuer, Container } from '@bulkhead/model';
import type { AgentClient, ControlClient } from '../../client/clients.ts';
import { isNotFound } from '../../failure.ts';
import { demoContainers, demoMark, demoPlan, demoTenants } from './content.ts';

/** A container that has a name or a tenant of the demo. */
export interface FoundContainer extends Pick<Container, 'id' | 'name' | 'tenantId' | 'status'> {
  /** Made by the demo: it bears its mark. */
  isOurs: boolean;
}

/** What is there of what the demo would make, whoever made it. */
export interface Found {
  /** Names of the tenants that are there, by id. */
  tenants: ReadonlyMap<string, string | undefined>;
  /** By tenant. */
  accounts: ReadonlyMap<string, AccountView>;
  /** Undefined where there is none. */
  planName: string | undefined;
  issuer: BillingIssuer | undefined;
  containers: readonly FoundContainer[];
}

const names = new Set(demoContainers.map(({ name }) => name));
const tenantIds = new Set(demoTenants.map(({ tenantId }) => tenantId));

/** Containers that have a name or a tenant of the demo, by what the agent knows. */
export async function findContainers(agent: AgentClient): Promise<FoundContainer[]> {
  const known = await agent.container.list.query({});
  const found: FoundContainer[] = [];
  for (const { id, name, tenantId, status } of known) {
    if (!names.has(name) && !tenantIds.has(tenantId)) continue;
    try {
      const { spec } = await agent.container.inspect.query({ container: id });
      found.push({ id, name, tenantId, status, isOurs: spec.env.includes(demoMark) });
    } catch (failure) {
      // Gone since it was listed.
      if (!isNotFound(failure)) throw failure;
    }
  }
  return found;
}

/** What the control plane knows. */
export async function findBilling(control: ControlClient): Promise<Omit<Found, 'containers'>> {
  const tenants = (await control.tenant.list.query({})).filter(({ tenantId }) => tenantIds.has(tenantId));
  const accounts = (await control.account.list.query({})).filter(({ tenantId }) => tenantIds.has(tenantId));
  const plans = await control.plan.list.query({});
  return {
    tenants: new Map(tenants.map(({ tenantId, name }) => [tenantId, name])),
    accounts: new Map(
      await Promise.all(
        accounts.map(async ({ tenantId }) => [tenantId, await control.account.get.query({ tenantId })] as [string, AccountView]),
      ),
    ),
    planName: plans.find((plan) => plan.planId === demoPlan.planId)?.name,
    issuer: await control.account.issuer.query({}),
  };
}
