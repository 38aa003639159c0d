import { type CgroupSettingState, Problem } from '@bulkhead/model';
import { agentOf } from '../../client/clients.ts';
import { print, printJson } from '../../output/print.ts';
import { formatTable } from '../../output/table.ts';
import { groupPath } from './group-argument.ts';

const oneLine = (text: string): string => text.replaceAll('\n', '; ') || '-';

function boundsOf({ bounds, refused }: CgroupSettingState): string {
  if (refused !== undefined) return refused.reason === 'readable' ? 'readable' : `not here: ${refused.text}`;
  const { least, greatest } = bounds ?? {};
  return least === undefined && greatest === undefined ? '-' : `${least ?? ''}..${greatest ?? ''}`;
}

/** `cgroup settings`: every setting of a group in one vocabulary; those it cannot have with `--all`. */
export async function showCgroupSettings(
  stateDirectory: string,
  path: string,
  { all = false, json = false }: { all?: boolean; json?: boolean },
): Promise<void> {
  const told = await agentOf(stateDirectory).cgroup.settings.query({ path: groupPath(path) });
  if (json) {
    printJson(told);
    return;
  }
  const authors = new Map(told.authors.map(({ key, subject }) => [key, subject.name]));
  print(
    formatTable(
      ['SETTING', 'MODEL', 'VALUE', 'TAKES', 'SET BY'],
      told.settings
        .filter(({ value }) => all || value !== undefined)
        .map((state) => [state.key, state.model, oneLine(state.value ?? ''), boundsOf(state), authors.get(state.key) ?? '-']),
    ),
  );
}

/** The value of one setting by its key, as `cgroup set` takes it. @throws Problem('not-found') where the group has it not */
export async function showCgroupSetting(
  stateDirectory: string,
  path: string,
  key: string,
  { json = false }: { json?: boolean },
): Promise<void> {
  const { settings } = await agentOf(stateDirectory).cgroup.settings.query({ path: groupPath(path) });
  const found = settings.find((each) => each.key === key);
  if (found?.value === undefined)
    throw new Problem(
      'not-found',
      `${path} has no file and no setting ${key}${found?.refused === undefined ? '' : `: ${found.refused.text}`}`,
      {
        remedy: `./bulkhead cgroup settings ${path} lists those it has`,
      },
    );
  if (json) printJson(found);
  else print(`${found.value}\n`);
}
