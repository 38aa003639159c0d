import { type Container, ContainerSpec, type ContainerSpecInput, type ExitStatus } from '@bulkhead/model';
import { boundMsec } from './emulation.ts';
import type { TestRuntime } from './runtime.ts';

let names = 0;

/** A spec of the `host` template with a name of its own. */
export function boxSpec(args: string[], extra: Partial<ContainerSpecInput> = {}): ContainerSpec {
  names += 1;
  return ContainerSpec.parse({ name: `box-${names}`, tenantId: 'acme', image: 'host', args, ...extra });
}

/** A signal that ends waiting after so long; where each instruction is emulated, much later. */
export const within = (seconds: number): AbortSignal => AbortSignal.timeout(boundMsec(seconds * 1000));

/** Creates and starts. */
export async function startBox(host: TestRuntime, args: string[], extra: Partial<ContainerSpecInput> = {}): Promise<Container> {
  const { container } = await host.runtime.create(boxSpec(args, extra));
  return (await host.runtime.start(container.id)).container;
}

/** All that a container, or an exec session in it, printed until its end. */
export async function outputOf(host: TestRuntime, id: string, execId?: string): Promise<string> {
  const parts: Buffer[] = [];
  for await (const item of host.runtime.output(id, { execId, follow: true }, within(20))) if (item.type === 'output') parts.push(item.data);
  return Buffer.concat(parts).toString();
}

/** Runs to the end and removes. */
export async function runBox(
  host: TestRuntime,
  args: string[],
  extra: Partial<ContainerSpecInput> = {},
): Promise<{ exitStatus: ExitStatus | undefined; text: string }> {
  const { id } = await startBox(host, args, extra);
  const text = await outputOf(host, id);
  const exitStatus = await host.runtime.wait(id, within(20));
  await host.runtime.delete(id, false);
  return { exitStatus, text };
}

/** What a shell script prints in a container, by lines. */
export const linesOf = async (host: TestRuntime, script: string, extra: Partial<ContainerSpecInput> = {}): Promise<string[]> =>
  (await runBox(host, ['sh', '-c', script], extra)).text.trimEnd().split('\n');
