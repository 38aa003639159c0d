import { Problem } from '@bulkhead/model';
import { type AgentClient, agentOf, type ControlClient, controlOf } from '../../client/clients.ts';
import { toProblem } from '../../failure.ts';
import { print } from '../../output/print.ts';
import { padTo, toVisible } from '../../output/table.ts';
import { demoIssuer, demoPlan, demoTenants } from './content.ts';
import { type Found, findBilling, findContainers } from './found.ts';
import { lastingOf, takenNames } from './step.ts';
import { commandOn } from './tell.ts';

const say = (word: string, what: string): void => print(`${padTo(word, 10)}${toVisible(what)}\n`);

/** Ends and removes the demo's containers; one that somebody else made stays, whatever its name. Tells whether there were any. */
async function removeContainers(agent: AgentClient): Promise<boolean> {
  const found = await findContainers(agent);
  const failures: string[] = [];
  for (const { id, name, isOurs } of found) {
    if (!isOurs) {
      say('not ours', `container ${name}: it stays`);
      continue;
    }
    try {
      await agent.container.delete.mutate({ container: id, force: true });
      say('removed', `container ${name}`);
    } catch (failure) {
      const { code, message } = toProblem(failure);
      if (code !== 'not-found') failures.push(`container ${name}: ${message}`);
    }
  }
  if (failures.length > 0)
    throw new Problem('unavailable', failures.join('; '), { remedy: 'the rest of the containers is gone; try again' });
  return found.some(({ isOurs }) => isOurs);
}

/** Takes back that a tenant is charged by the demo's prices; where a month was billed by them, ends it now. */
async function takeBackPlan(control: ControlClient, tenantId: string, from: string): Promise<void> {
  try {
    await control.account.unassign.mutate({ tenantId, at: from });
    say('removed', `plan of ${tenantId}`);
  } catch (failure) {
    if (toProblem(failure).code !== 'conflict') throw failure;
    await control.account.unassign.mutate({ tenantId, at: `${new Date().toISOString().slice(0, 19)}.000Z` });
    say('ended', `plan of ${tenantId}: it was billed by it until now`);
  }
}

async function takeBackPlans(control: ControlClient, found: Found): Promise<boolean> {
  const { planId } = demoPlan;
  const others = new Set(takenNames(found));
  if (others.has(`plan ${planId}`)) return false;
  let isAny = false;
  for (const { tenantId } of demoTenants) {
    const lasting = lastingOf(found, tenantId);
    if (others.has(`tenant ${tenantId}`) || lasting?.planId !== planId) continue;
    await takeBackPlan(control, tenantId, lasting.from);
    isAny = true;
  }
  return isAny;
}

/** What a ledger keeps on purpose: the instance has no way to unmake it. */
function whatStays(found: Found): string[] {
  const others = takenNames(found);
  const tenants = demoTenants.map(({ tenantId }) => tenantId).filter((id) => found.tenants.has(id) && !others.includes(`tenant ${id}`));
  const { planId, name } = demoPlan;
  return [
    ...(tenants.length === 0
      ? []
      : [`tenants ${tenants.join(', ')} with their accounts, what they used, and the events and ends of their containers`]),
    ...(found.planName === name ? [`price plan ${planId}: versions that were in force are kept`] : []),
    ...(found.issuer?.name === demoIssuer.name ? [`issuer "${demoIssuer.name}", until another is named`] : []),
  ];
}

/** `demo --remove`: what the demo made goes, as far as an instance lets go of anything; what stays is told. */
export async function removeDemo(stateDirectory: string): Promise<void> {
  const control = controlOf(stateDirectory);
  const hadContainers = await removeContainers(agentOf(stateDirectory));
  const billing = await findBilling(control).catch((failure: unknown) => {
    const { code, message } = toProblem(failure);
    throw new Problem(code, `its prices are not taken back yet: ${message}`, {
      remedy: 'its containers are gone; run this again once the dashboard is up',
      cause: failure,
    });
  });
  const found = { ...billing, containers: [] };
  const hadPlans = await takeBackPlans(control, found);
  if (!hadContainers && !hadPlans) print('nothing of the demo runs here\n');
  const stays = whatStays(found);
  for (const line of stays) say('stays', line);
  if (found.issuer?.name === demoIssuer.name)
    print(`\n  ${commandOn(stateDirectory)} invoice issuer --name NAME --series SERIES   names another issuer\n`);
}
