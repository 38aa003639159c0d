import { join } from 'node:path';
import { type LauncherProgram, launcherBundle, readLauncherBuild } from '@bulkhead/container';
import { launcherNodeOptions } from '@bulkhead/model';

/** The launcher's program that was built beside the agent's; undefined where there is none, as when run from sources. */
export function shippedLauncher(directory: string): LauncherProgram | undefined {
  const build = readLauncherBuild(directory, launcherNodeOptions);
  if (build === undefined) return undefined;
  return { build, program: join(directory, launcherBundle), interpreter: [process.execPath, ...launcherNodeOptions] };
}
