import { monthAt } from '@bulkhead/accounting';
import { Problem } from '@bulkhead/model';
import { type AgentClient, agentOf, type ControlClient, controlOf } from '../../client/clients.ts';
import { toProblem } from '../../failure.ts';
import { locateInstance, notRunning } from '../../instance/locate.ts';
import { readSupervisorRecord } from '../../instance/supervisor-file.ts';
import { print } from '../../output/print.ts';
import { padTo, toVisible } from '../../output/table.ts';
import { type DemoContainer, demoIssuer, demoPlan, specOf } from './content.ts';
import { findBilling, findContainers } from './found.ts';
import { demoSteps, type Step, takenNames } from './step.ts';
import { tellDrafts, tellWhere } from './tell.ts';

interface Clients {
  agent: AgentClient;
  control: ControlClient;
}

/** Longer than a short job takes on the slowest machine. */
const jobSeconds = 60;

/** The second that goes on, and the month, of UTC, in which it lies. */
function begins(now: Date): { second: string; month: string } {
  const second = `${now.toISOString().slice(0, 19)}.000Z`;
  return { second, month: monthAt(second, 'UTC').start };
}

async function runContainer(agent: AgentClient, container: DemoContainer): Promise<void> {
  const { times } = container;
  if (times === undefined) {
    await agent.container.run.mutate({ ...specOf(container, 1), transcript: false });
    return;
  }
  for (let run = 1; run <= times; run += 1) {
    const { exitStatus } = await agent.container.run.mutate({ ...specOf(container, run), waitSeconds: jobSeconds, transcript: false });
    if (exitStatus === undefined) throw new Problem('unavailable', `it did not end within ${jobSeconds} s`);
  }
}

async function make({ agent, control }: Clients, step: Step): Promise<void> {
  switch (step.kind) {
    case 'tenant':
      await control.tenant.add.mutate({ tenantId: step.tenant.tenantId, name: step.tenant.name });
      break;
    case 'account':
      await control.account.set.mutate(step.tenant.account);
      break;
    case 'issuer':
      await control.account.setIssuer.mutate(demoIssuer);
      break;
    case 'plan':
      await control.plan.create.mutate({ ...demoPlan, effectiveFrom: begins(new Date()).month });
      break;
    case 'assignment':
      await control.account.assign.mutate({
        tenantId: step.tenant.tenantId,
        planId: demoPlan.planId,
        from: begins(new Date()).second,
      });
      break;
    case 'container':
      if (step.ended !== undefined) await agent.container.delete.mutate({ container: step.ended, force: true });
      await runContainer(agent, step.container);
      break;
  }
}

/** Tenants, prices and use are the control plane's: an instance without one has nothing to show. @throws Problem */
function addressOf(stateDirectory: string): string {
  const { url } = readSupervisorRecord(locateInstance(stateDirectory).paths.supervisorFile) ?? {};
  if (url === undefined) throw notRunning();
  if (!url.startsWith('http'))
    throw new Problem('unsupported', 'this instance is up without its dashboard, which the demo is for', {
      remedy: 'start it without --no-web',
    });
  return url;
}

/** Does what is not there yet, and tells of each thing as it stands. @throws Problem that names what was made */
async function makeAll(clients: Clients, steps: readonly Step[]): Promise<void> {
  const made: Step[] = [];
  for (const step of steps) {
    if (!step.isThere) {
      try {
        await make(clients, step);
      } catch (failure) {
        const { code, message, remedy } = toProblem(failure);
        const names = made.length === 0 ? 'nothing' : made.map(({ what }) => what.split(':')[0]).join(', ');
        throw new Problem(code, `${step.what.split(':')[0]}: ${message}`, {
          remedy: [
            ...(remedy === undefined ? [] : [remedy]),
            `made until then: ${names}`,
            './bulkhead demo goes on from there, ./bulkhead demo --remove takes it away',
          ].join('\n  '),
          cause: failure,
        });
      }
      made.push(step);
    }
    print(`${padTo(step.isThere ? 'is there' : 'made', 10)}${toVisible(step.what)}\n`);
  }
}

/** `demo`: makes what is not there yet of it. Nothing of others is changed. */
export async function makeDemo(stateDirectory: string): Promise<void> {
  const url = addressOf(stateDirectory);
  const clients = { agent: agentOf(stateDirectory), control: controlOf(stateDirectory) };
  const found = { ...(await findBilling(clients.control)), containers: await findContainers(clients.agent) };
  const taken = takenNames(found);
  if (taken.length > 0)
    throw new Problem('conflict', `somebody else has what the demo would take: ${taken.join(', ')}`, {
      remedy: 'nothing was made and nothing changed; the demo wants these names for itself',
    });
  await makeAll(clients, demoSteps(found));
  tellWhere(stateDirectory, url);
  await tellDrafts(stateDirectory, clients.control);
}
