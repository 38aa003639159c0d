import type { PlanAssignment } from '@bulkhead/model';
import { type DemoContainer, type DemoTenant, demoContainers, demoIssuer, demoPlan, demoTenants } from './content.ts';
import type { Found } from './found.ts';

const { planId, name: planName } = demoPlan;

/** One thing that the demo consists of. */
export type Step = {
  /** As people are told. */
  what: string;
  /** Nothing to do: it is there, made by the demo or, of what there is one alone (issuer, a tenant's plan), by somebody else. */
  isThere: boolean;
} & (
  | { kind: 'tenant' | 'account' | 'assignment'; tenant: DemoTenant }
  | { kind: 'issuer' | 'plan' }
  /** `ended` is one of the demo's that a reboot or somebody ended: it goes first. */
  | { kind: 'container'; container: DemoContainer; ended?: string }
);

/** Names that the demo would take and somebody else has. */
export function takenNames(found: Found): string[] {
  return [
    ...demoTenants
      .filter(({ tenantId, name }) => found.tenants.has(tenantId) && found.tenants.get(tenantId) !== name)
      .map(({ tenantId }) => `tenant ${tenantId}`),
    ...(found.planName === undefined || found.planName === planName ? [] : [`plan ${planId}`]),
    ...demoContainers
      .filter(({ name }) => found.containers.some((one) => one.name === name && !one.isOurs))
      .map(({ name }) => `container ${name}`),
  ];
}

/** The assignment of a tenant that has no end, and begins last of all. */
export function lastingOf(found: Found, tenantId: string): PlanAssignment | undefined {
  const last = found.accounts.get(tenantId)?.assignments.at(-1);
  return last?.to === undefined ? last : undefined;
}

function containerStep(container: DemoContainer, found: Found): Step {
  const { name, tenantId, habit, times } = container;
  const what = `container ${name} of ${tenantId}: ${habit}`;
  const before = found.containers.find((one) => one.name === name);
  // A job is over when it has ended; everything else is to run on.
  const isThere = before !== undefined && (times !== undefined || before.status === 'running' || before.status === 'creating');
  return { kind: 'container', container, what, isThere, ...(before === undefined || isThere ? {} : { ended: before.id }) };
}

/** Everything that the demo consists of, in the order in which it is made: prices stand before anything is used. */
export function demoSteps(found: Found): Step[] {
  const perTenant = (kind: 'tenant' | 'account' | 'assignment', what: (id: string) => string, isThere: (id: string) => boolean): Step[] =>
    demoTenants.map((tenant) => ({ kind, tenant, what: what(tenant.tenantId), isThere: isThere(tenant.tenantId) }));
  return [
    ...perTenant(
      'tenant',
      (id) => `tenant ${id}`,
      (id) => found.tenants.has(id),
    ),
    ...perTenant(
      'account',
      (id) => `billing account of ${id}`,
      (id) => found.accounts.has(id),
    ),
    { kind: 'issuer', what: `issuer of invoices: ${found.issuer?.name ?? demoIssuer.name}`, isThere: found.issuer !== undefined },
    { kind: 'plan', what: `price plan ${planId}`, isThere: found.planName !== undefined },
    ...perTenant(
      'assignment',
      (id) => `${id} is charged by plan ${lastingOf(found, id)?.planId ?? planId}`,
      (id) => lastingOf(found, id) !== undefined,
    ),
    ...demoContainers.map((container) => containerStep(container, found)),
  ];
}
