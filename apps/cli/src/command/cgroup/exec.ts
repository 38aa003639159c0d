import { accessSync, constants, statSync } from 'node:fs';
import { Problem } from '@bulkhead/model';
import { agentOf } from '../../client/clients.ts';
import { readCallerState, readEnvironment } from '../../env.ts';
import { type Consent, classify } from './act.ts';

/** Where a command is, as a shell looks for it. @throws Problem('not-found') where it is nowhere, or no program */
export function findProgram(name: string, path: string): string {
  const candidates = name.includes('/') ? [name] : path.split(':').map((directory) => `${directory === '' ? '.' : directory}/${name}`);
  for (const candidate of candidates) {
    try {
      accessSync(candidate, constants.X_OK);
      if (statSync(candidate).isFile()) return candidate;
    } catch {
      // The next directory.
    }
  }
  throw new Problem('not-found', `${name}: no program of that name`, { remedy: 'give its path, or see PATH' });
}

/**
 * What to become so that the command has a soft limit of open files. It is no call of Node's to set one: prlimit(1) of
 * util-linux does, and becomes the command as a shell would. Where a host lacks it, the command keeps what Node raised.
 */
function withOpenFiles(openFiles: number, args: readonly string[], path: string): { program: string; args: string[] } | undefined {
  try {
    return { program: findProgram('prlimit', path), args: ['prlimit', `--nofile=${openFiles}:`, '--', ...args] };
  } catch {
    return undefined;
  }
}

/**
 * `cgroup exec`: cgexec(1). The agent, which is who may write cgroup files, moves this very process; then it becomes the
 * command by execve(2). So the command has our terminal, our pid and our parent, and its exit code is ours; nothing of the
 * command line runs on beside it, and none of its first moments are outside the group.
 */
export async function execInCgroup(
  stateDirectory: string,
  args: readonly string[],
  { group = [], ...consent }: Consent & { group?: string[] },
): Promise<void> {
  const [name = ''] = args;
  const { path } = readEnvironment();
  // Looked for before anything is moved: what cannot be run moves nobody.
  const program = findProgram(name, path);
  await classify(agentOf(stateDirectory), group, [process.pid], consent);
  // Node ignores both, and what is ignored stays so through execve(2); what is handled becomes the default again.
  for (const signal of ['SIGPIPE', 'SIGXFSZ'] as const) process.on(signal, () => undefined);
  const { execve } = process;
  if (execve === undefined)
    throw new Problem('unsupported', 'this Node cannot become another program', { remedy: 'it wants Node 23.11 or newer' });
  const { environment, umask, openFiles } = readCallerState();
  if (umask !== undefined) process.umask(umask);
  const limited = openFiles === undefined ? undefined : withOpenFiles(openFiles, args, path);
  const becoming = limited ?? { program, args: [...args] };
  execve.call(process, becoming.program, becoming.args, environment);
}
