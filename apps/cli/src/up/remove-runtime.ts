import { readdirSync, rmdirSync, rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Instance } from '../instance/locate.ts';
import { isAlive, signalProcess } from '../instance/process-identity.ts';
import { readSupervisorRecord } from '../instance/supervisor-file.ts';
import { removeCgroups } from './cgroups.ts';
import { unmountBelow } from './program/program-mount.ts';
import { findListener } from './unix-sockets.ts';

/** Ends the launcher. It ignores every signal but SIGKILL, lest one meant for a terminal takes the containers with it. */
async function endLauncher({ paths }: Instance): Promise<void> {
  const recorded = readSupervisorRecord(paths.supervisorFile)?.services.launcher?.process;
  const found = findListener(paths.launcherSocket) ?? recorded;
  if (found === undefined || !signalProcess(found, 'SIGKILL')) return;
  while (isAlive(found)) await delay(10);
}

export function removeIfEmpty(path: string): void {
  try {
    if (readdirSync(path).length === 0) rmdirSync(path);
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code !== 'ENOENT') throw failure;
  }
}

/** Takes away all that an instance has beside its state directory, users and settings: launcher, processes, control groups, mounts, /run. */
export async function removeRuntime(instance: Instance): Promise<void> {
  const { run } = instance.paths;
  await endLauncher(instance);
  await removeCgroups(instance.instance);
  unmountBelow(run);
  rmSync(run, { recursive: true, force: true });
  removeIfEmpty('/run/bulkhead');
}
