import { existsSync, rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Problem } from '@bulkhead/model';
import { createAgentClient } from '../client/clients.ts';
import type { Environment } from '../env.ts';
import { toProblem } from '../failure.ts';
import { type Instance, readInstance } from '../instance/locate.ts';
import { isAlive, signalProcess } from '../instance/process-identity.ts';
import { readSupervisorRecord } from '../instance/supervisor-file.ts';
import { cgroupRoots } from './cgroups.ts';
import { removeConfigGroups } from './config-groups.ts';
import { isForeignDirectory } from './layout.ts';
import { lockStateDirectory } from './lock.ts';
import { findProgram, takeProgram } from './program/program-mount.ts';
import { programRoot } from './program/program-root.ts';
import { Progress } from './progress.ts';
import { removeIfEmpty, removeRuntime } from './remove-runtime.ts';
import { agentPlan, launcherPlan } from './services.ts';
import { endStaleServices, Supervisor } from './supervisor.ts';
import { requireRoot } from './up.ts';
import { removeAccounts } from './users.ts';

export interface DownOptions {
  stateDirectory: string;
  environment: Environment;
  purge: boolean;
}

/** Asks a running `up` to end, as Ctrl-C would, and waits for it. */
async function endSupervisor({ paths }: Instance, progress: Progress): Promise<void> {
  const record = readSupervisorRecord(paths.supervisorFile);
  if (record === undefined || !isAlive(record.supervisor)) return;
  progress.step(`ending ./bulkhead up, process ${record.supervisor.pid}`);
  signalProcess(record.supervisor, 'SIGTERM');
  for (let waited = 0; waited < 60_000 && isAlive(record.supervisor); waited += 50) await delay(50);
  if (isAlive(record.supervisor)) {
    progress.note('it does not end within a minute and is killed');
    signalProcess(record.supervisor, 'SIGKILL');
    while (isAlive(record.supervisor)) await delay(20);
  }
}

/**
 * Deletes all containers through the agent, which is started for it: it knows what a container consists of, and makes
 * the last reading of each durable first.
 */
async function deleteContainers(instance: Instance, options: DownOptions, progress: Progress): Promise<void> {
  const { paths } = instance;
  if (!existsSync(paths.run) || cgroupRoots(instance.instance).length === 0) return;
  progress.step('removing containers');
  // What made them removes them: the checkout may hold something else by now, or something half built.
  let supervisor: Supervisor | undefined;
  try {
    const program = findProgram(paths, readSupervisorRecord(paths.supervisorFile)?.program) ?? takeProgram(paths, programRoot);
    const context = { instance, program, environment: options.environment };
    supervisor = new Supervisor(instance, program.id, progress);
    await supervisor.start(launcherPlan(context)).waitUntilReady();
    // It lives for seconds: no need to protect it from the out-of-memory killer.
    const { oomScoreAdjust: _, ...plan } = agentPlan(context);
    await supervisor.start(plan).waitUntilReady();
    const client = createAgentClient(paths.agentSocket);
    for (const { id } of await client.container.list.query({})) await client.container.delete.mutate({ container: id, force: true });
  } catch (failure) {
    progress.note(
      `the agent could not remove all containers (${toProblem(failure).message}); their processes and groups are removed without it`,
    );
  } finally {
    await supervisor?.stop();
  }
}

/** `down`: no process, mount, cgroup or runtime file of the instance is left; with --purge nothing at all. */
export async function down(options: DownOptions): Promise<void> {
  requireRoot('down');
  const { stateDirectory, purge } = options;
  const progress = new Progress();
  const instance = readInstance(stateDirectory);
  if (instance === undefined) {
    if (isForeignDirectory(stateDirectory))
      throw new Problem('invalid', `${stateDirectory} is no state directory of bulkhead: it has no instance.json`, {
        remedy: 'name the right one with --state-dir',
      });
    if (purge && existsSync(stateDirectory)) rmSync(stateDirectory, { recursive: true, force: true });
    progress.note('nothing is up here');
    return;
  }
  await endSupervisor(instance, progress);
  lockStateDirectory(stateDirectory, 'down');
  await endStaleServices(instance);
  await deleteContainers(instance, options, progress);
  progress.step('removing control groups, mounts and runtime files');
  await removeRuntime(instance);
  if (purge) {
    const kept = removeConfigGroups(instance.paths);
    if (kept.length > 0) progress.note(`these cgroups of a cgconfig.conf are in use and stay: ${kept.join(' ')}`);
    progress.step('removing users, settings and state');
    removeAccounts(instance.instance);
    rmSync(`/etc/bulkhead/${instance.instance}`, { recursive: true, force: true });
    removeIfEmpty('/etc/bulkhead');
    rmSync(stateDirectory, { recursive: true, force: true });
  }
  progress.note(purge ? 'down; nothing is left' : `down; history and settings stay in ${stateDirectory}`);
}
