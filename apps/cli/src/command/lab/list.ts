import { agentOf } from '../../client/clients.ts';
import { print, printJson } from '../../output/print.ts';
import { formatTable } from '../../output/table.ts';
import { summaries, uses } from './words.ts';

/** `lab ls`: every lab, with the reason where this host cannot carry it out. */
export async function listLabs(stateDirectory: string, { json = false }: { json?: boolean }): Promise<void> {
  const labs = await agentOf(stateDirectory).lab.list.query({});
  if (json) {
    printJson(labs);
    return;
  }
  print(
    formatTable(
      ['LAB', 'USE', 'SECONDS', 'STATE', 'SHOWS'],
      labs.map(({ kind, use, seconds, missing, running }) => [
        kind,
        uses[use],
        String(seconds.preset),
        missing !== undefined ? 'not here' : running === undefined ? 'ready' : `running (${running})`,
        missing === undefined ? summaries[kind] : missing.message,
      ]),
    ),
  );
}

/** `lab stop`: answers when nothing of the run is left. */
export async function stopLab(stateDirectory: string): Promise<void> {
  const client = agentOf(stateDirectory);
  const running = (await client.lab.list.query({})).find((lab) => lab.running !== undefined);
  if (running?.running === undefined) {
    print('No lab is running.\n');
    return;
  }
  await client.lab.stop.mutate({ run: running.running });
  print(`${running.kind} (${running.running}) is stopped, and nothing of it is left.\n`);
}
