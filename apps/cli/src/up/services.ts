import { launcherNodeOptions } from '@bulkhead/model';
import { createAgentClient } from '../client/clients.ts';
import { sendRequest } from '../client/http-message.ts';
import type { Environment } from '../env.ts';
import type { Instance } from '../instance/locate.ts';
import { asUser } from './embedded-database.ts';
import { cleanEnvironment } from './environment.ts';
import type { ListenAddress } from './listen.ts';
import { nodeProgram } from './node-program.ts';
import type { MountedProgram } from './program/program-mount.ts';
import type { ServicePlan } from './service.ts';
import { isListening } from './unix-sockets.ts';
import type { InstanceAccounts, UserIds } from './users.ts';

/** What the plans of all services are made from. */
export interface PlanContext {
  instance: Instance;
  program: MountedProgram;
  environment: Environment;
}

export function launcherPlan({ instance: { paths }, program, environment }: PlanContext): ServicePlan {
  return {
    name: 'launcher',
    command: [nodeProgram(program.directory), ...launcherNodeOptions, `${program.directory}/apps/agent/dist/launcher.mjs`],
    // No compile cache: it is written when a program ends, and this one ends by being killed, if at all.
    environment: cleanEnvironment(environment, { config: paths.config('launcher') }),
    logFile: `${paths.logs}/launcher.log`,
    stopSignal: 'SIGTERM',
    graceMsec: 5000,
    probe: async () => isListening(paths.launcherSocket),
    readyWithinMsec: 60_000,
    outlives: true,
  };
}

export function agentPlan({ instance: { paths }, program, environment }: PlanContext): ServicePlan {
  return {
    name: 'agent',
    // Short-lived garbage of many starts is collected early instead of growing the heap: it saves some 20 MB.
    command: [nodeProgram(program.directory), '--max-semi-space-size=4', `${program.directory}/apps/agent/dist/main.mjs`],
    environment: cleanEnvironment(environment, { config: paths.config('agent'), compileCache: `${paths.state}/cache/root` }),
    logFile: `${paths.logs}/agent.log`,
    stopSignal: 'SIGTERM',
    graceMsec: 10_000,
    probe: async () => {
      await createAgentClient(paths.agentSocket).host.info.query({});
      return true;
    },
    readyWithinMsec: 60_000,
    oomScoreAdjust: -900,
  };
}

const serviceGroups = (user: UserIds, accounts: InstanceAccounts): number[] => [user.gid, accounts.groupGid];

export function collectorPlan({ instance: { paths }, program, environment }: PlanContext, accounts: InstanceAccounts): ServicePlan {
  const user = accounts.collector;
  return {
    name: 'collector',
    command: [
      ...asUser(user, { groups: serviceGroups(user, accounts) }),
      nodeProgram(program.directory),
      `${program.directory}/apps/collector/dist/main.mjs`,
    ],
    environment: cleanEnvironment(environment, { config: paths.config('collector'), compileCache: `${paths.state}/cache/${user.uid}` }),
    logFile: `${paths.logs}/collector.log`,
    stopSignal: 'SIGTERM',
    graceMsec: 10_000,
    readyWithinMsec: 30_000,
  };
}

/** True once the dashboard answers over its local socket. */
async function answersHealth(controlSocket: string): Promise<boolean> {
  const answer = await sendRequest({ socketPath: controlSocket, method: 'GET', target: '/api/health', signal: AbortSignal.timeout(5000) });
  for await (const _ of answer.body);
  return answer.status === 200;
}

export function webPlan(
  { instance: { paths }, program, environment }: PlanContext,
  accounts: InstanceAccounts,
  listen: ListenAddress,
): ServicePlan {
  const user = accounts.web;
  return {
    name: 'web',
    command: [
      ...asUser(user, { groups: serviceGroups(user, accounts), bindLowPorts: listen.port < 1024 }),
      nodeProgram(program.directory),
      `${program.directory}/apps/web/dist/main.mjs`,
    ],
    environment: cleanEnvironment(environment, { config: paths.config('web'), compileCache: `${paths.state}/cache/${user.uid}` }),
    logFile: `${paths.logs}/web.log`,
    stopSignal: 'SIGTERM',
    graceMsec: 10_000,
    probe: () => answersHealth(paths.controlSocket),
    readyWithinMsec: 60_000,
  };
}
