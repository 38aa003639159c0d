import type { Command } from 'commander';
import { readEnvironment } from '../env.ts';
import { chooseStateDirectory } from '../instance/locate.ts';

/** The state directory that a command means: its --state-dir, else BULKHEAD_STATE_DIR, else the default. */
export function stateDirectoryOf(command: Command): string {
  const { stateDir } = command.optsWithGlobals<{ stateDir?: string }>();
  return chooseStateDirectory(stateDir, readEnvironment().stateDirectory);
}
