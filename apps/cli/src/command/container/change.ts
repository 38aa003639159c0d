import { Problem, signalNumbers } from '@bulkhead/model';
import { type AgentClient, agentOf } from '../../client/clients.ts';
import { ExitRequest, reportFailure } from '../../failure.ts';
import { print } from '../../output/print.ts';
import { parseSeconds } from '../../output/quantity.ts';

/** Does the same to several containers; each failure is told, and the command fails if one did. */
export async function forEach(
  stateDirectory: string,
  references: readonly string[],
  change: (client: AgentClient, reference: string) => Promise<unknown>,
): Promise<void> {
  const client = agentOf(stateDirectory);
  let exitCode = 0;
  for (const reference of references) {
    try {
      await change(client, reference);
      print(`${reference}\n`);
    } catch (failure) {
      exitCode = Math.max(exitCode, reportFailure(failure));
    }
  }
  if (exitCode !== 0) throw new ExitRequest(exitCode);
}

/** `TERM`, `SIGTERM` or `15`. */
export function parseSignal(text: string): number {
  const name = text.toUpperCase().replace(/^SIG/, '');
  if (Object.hasOwn(signalNumbers, name)) return signalNumbers[name as keyof typeof signalNumbers];
  const number = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (number < 1 || number > 64) throw new Problem('invalid', `--signal: "${text}" is no signal; write it like TERM, SIGHUP or 9`);
  return number;
}

export const startContainers = (stateDirectory: string, references: readonly string[]) =>
  forEach(stateDirectory, references, (client, container) => client.container.start.mutate({ container }));

export async function stopContainers(stateDirectory: string, references: readonly string[], options: { time: string }) {
  const timeoutSeconds = parseSeconds('--time', options.time);
  await forEach(stateDirectory, references, (client, container) => client.container.stop.mutate({ container, timeoutSeconds }));
}

export async function killContainers(stateDirectory: string, references: readonly string[], options: { signal: string }) {
  const signal = parseSignal(options.signal);
  await forEach(stateDirectory, references, (client, container) => client.container.kill.mutate({ container, signal }));
}

export const removeContainers = (stateDirectory: string, references: readonly string[], options: { force?: boolean }) =>
  forEach(stateDirectory, references, (client, container) => client.container.delete.mutate({ container, force: options.force === true }));
