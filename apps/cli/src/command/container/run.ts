import { type Container, type ContainerSpecInput, exitCodeOf, type Problem } from '@bulkhead/model';
import { type AgentClient, agentOf } from '../../client/clients.ts';
import { ExitRequest, toProblem } from '../../failure.ts';
import { print, printJson } from '../../output/print.ts';
import { attach } from './attach.ts';
import { checkContainerSpec } from './check-spec.ts';
import { type SpecOptions, toContainerSpec } from './spec.ts';
import { sendTerminalSize } from './terminal-size.ts';

export interface RunOptions extends SpecOptions {
  detach?: boolean;
  json?: boolean;
}

/** A name nobody chose may be taken by chance. */
async function make(
  stateDirectory: string,
  options: SpecOptions,
  args: readonly string[],
  ask: (client: AgentClient, spec: ContainerSpecInput) => Promise<{ container: Container }>,
): Promise<{ client: AgentClient; container: Container }> {
  for (let attempt = 0; ; attempt += 1) {
    const spec = toContainerSpec(options, args);
    checkContainerSpec(spec);
    const client = agentOf(stateDirectory);
    try {
      const { container } = await ask(client, spec);
      return { client, container };
    } catch (failure) {
      if (options.name !== undefined || attempt >= 5 || toProblem(failure).code !== 'conflict') throw failure;
    }
  }
}

const create = (stateDirectory: string, options: SpecOptions, args: readonly string[]) =>
  make(stateDirectory, options, args, (client, spec) => client.container.create.mutate(spec));

/** `create`: everything but the program's start. Prints the id. */
export async function createContainer(stateDirectory: string, options: RunOptions, args: readonly string[]): Promise<void> {
  const { container } = await create(stateDirectory, options, args);
  if (options.json === true) printJson(container);
  else print(`${container.id}\n`);
}

/** `run`: creates and starts; in the foreground shows the output and passes the exit code on. */
export async function runContainer(stateDirectory: string, options: RunOptions, args: readonly string[]): Promise<void> {
  if (options.detach === true) {
    const { container } = await make(stateDirectory, options, args, (client, spec) =>
      client.container.run.mutate({ ...spec, transcript: false }),
    );
    if (options.json === true) printJson(container);
    else print(`${container.id}\n`);
    return;
  }
  const { client, container } = await create(stateDirectory, options, args);
  const { id } = container;
  let started = false;
  try {
    const exitStatus = await attach({
      client,
      container: id,
      terminal: options.tty === true,
      stdin: options.interactive === true,
      begin: async () => {
        // Its first look at the terminal is to find the right size.
        if (options.tty === true) await sendTerminalSize(client, { container: id });
        await client.container.start.mutate({ container: id });
        started = true;
      },
    });
    throw new ExitRequest(exitCodeOf(exitStatus));
  } catch (failure) {
    if (failure instanceof ExitRequest || started) throw failure;
    // It never ran: nothing of it is to stay.
    const problem: Problem = toProblem(failure);
    await client.container.delete.mutate({ container: id, force: true }).catch(() => {});
    throw problem;
  }
}
