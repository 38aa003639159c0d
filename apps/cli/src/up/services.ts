import { createAgentClient } from '../client/clients.ts';
import { sendRequest } from '../client/http-message.ts';
import type { Environment } from '../env.ts';
import type { Instance } from '../instance/locate.ts';
import { asUser } from './embedded-database.ts';
import { cleanEnvironment } from './environment.ts';
import type { ListenAddress } from './listen.ts';
import type { ServicePlan } from './service.ts';
import { isListening } from './unix-sockets.ts';
import type { InstanceAccounts, UserIds } from './users.ts';

/** Node 26 as the services see it. */
export const nodeProgram = (programDirectory: string): string => `${programDirectory}/node_modules/node-linux-${process.arch}/bin/node`;

export function launcherPlan({ paths }: Instance, environment: Environment): ServicePlan {
  return {
    name: 'launcher',
    // One thread: what it forks runs JavaScript, and other threads would be missing there.
    command: [nodeProgram(paths.program), '--single-threaded', '--v8-pool-size=0', `${paths.program}/apps/agent/dist/launcher.mjs`],
    // No compile cache: with it every third forked child died of SIGSEGV.
    environment: cleanEnvironment(environment, { config: paths.config('launcher') }),
    logFile: `${paths.logs}/launcher.log`,
    stopSignal: 'SIGTERM',
    graceMsec: 5000,
    probe: async () => isListening(paths.launcherSocket),
    readyWithinMsec: 15_000,
    outlives: true,
  };
}

export function agentPlan({ paths }: Instance, environment: Environment): ServicePlan {
  return {
    name: 'agent',
    // Short-lived garbage of many starts is collected early instead of growing the heap: it saves some 20 MB.
    command: [nodeProgram(paths.program), '--max-semi-space-size=4', `${paths.program}/apps/agent/dist/main.mjs`],
    environment: cleanEnvironment(environment, { config: paths.config('agent'), compileCache: `${paths.state}/cache/root` }),
    logFile: `${paths.logs}/agent.log`,
    stopSignal: 'SIGTERM',
    graceMsec: 10_000,
    probe: async () => {
      await createAgentClient(paths.agentSocket).host.info.query({});
      return true;
    },
    readyWithinMsec: 30_000,
    oomScoreAdjust: -900,
  };
}

const serviceGroups = (user: UserIds, accounts: InstanceAccounts): number[] => [user.gid, accounts.groupGid];

export function collectorPlan({ paths }: Instance, environment: Environment, accounts: InstanceAccounts): ServicePlan {
  const user = accounts.collector;
  return {
    name: 'collector',
    command: [
      ...asUser(user, { groups: serviceGroups(user, accounts) }),
      nodeProgram(paths.program),
      `${paths.program}/apps/collector/dist/main.mjs`,
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

export function webPlan({ paths }: Instance, environment: Environment, accounts: InstanceAccounts, listen: ListenAddress): ServicePlan {
  const user = accounts.web;
  return {
    name: 'web',
    command: [
      ...asUser(user, { groups: serviceGroups(user, accounts), bindLowPorts: listen.port < 1024 }),
      nodeProgram(paths.program),
      `${paths.program}/apps/web/dist/main.mjs`,
    ],
    environment: cleanEnvironment(environment, { config: paths.config('web'), compileCache: `${paths.state}/cache/${user.uid}` }),
    logFile: `${paths.logs}/web.log`,
    stopSignal: 'SIGTERM',
    graceMsec: 10_000,
    probe: () => answersHealth(paths.controlSocket),
    readyWithinMsec: 60_000,
  };
}
