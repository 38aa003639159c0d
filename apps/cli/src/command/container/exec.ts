import { exitCodeOf } from '@bulkhead/model';
import { agentOf } from '../../client/clients.ts';
import { ExitRequest } from '../../failure.ts';
import { attach } from './attach.ts';
import { parseEnvironment, parseUser } from './spec.ts';
import { terminalSize } from './terminal-size.ts';

export interface ExecOptions {
  tty?: boolean;
  interactive?: boolean;
  env?: string[];
  workdir?: string;
  user?: string;
}

/** `exec`: a further process in a running container; passes its exit code on. */
export async function execInContainer(
  stateDirectory: string,
  reference: string,
  command: { args: readonly string[]; options: ExecOptions },
): Promise<void> {
  const client = agentOf(stateDirectory);
  const { args, options } = command;
  const terminal = options.tty === true;
  const stdin = options.interactive === true;
  const size = terminal ? terminalSize() : undefined;
  const { execId } = await client.container.exec.mutate({
    container: reference,
    args: [...args],
    env: parseEnvironment(options.env ?? []),
    ...(options.workdir === undefined ? {} : { cwd: options.workdir }),
    ...(options.user === undefined ? {} : { user: parseUser(options.user) }),
    terminal,
    stdin,
    ...(size === undefined ? {} : { size }),
  });
  throw new ExitRequest(exitCodeOf(await attach({ client, container: reference, execId, terminal, stdin })));
}
