import type { AgentClient } from '../../client/clients.ts';

/** Size of our own terminal; undefined where there is none. */
export function terminalSize(): { columns: number; rows: number } | undefined {
  const { columns, rows, isTTY } = process.stdout;
  return isTTY === true && columns > 0 && rows > 0 ? { columns, rows } : undefined;
}

/** Gives a process's terminal the size of ours. A process that is gone has none: no failure. */
export async function sendTerminalSize(client: AgentClient, target: { container: string; execId?: string }): Promise<void> {
  const size = terminalSize();
  if (size !== undefined) await client.container.resize.mutate({ ...target, ...size }).catch(() => {});
}
