/**
 * Writes docs/cgroup-words.md out of the registry of cgroup settings: node scripts/docs/cgroup-words.ts. A test holds the
 * file to the registry.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CgroupDialect, type CgroupModel, type CgroupSetting, cgroupSettings, hugetlbSettings } from '@bulkhead/model';

export const cgroupWordsFile = join(import.meta.dirname, '../../docs/cgroup-words.md');

const models: Record<CgroupModel, string> = {
  weight: 'a share in proportion to those of the groups beside it; nothing is lost where nobody else wants it',
  limit: 'the most it may take; the limits of all groups below may add up to more',
  protection: 'what is left to it as long as the groups above are protected as well',
  allocation: 'what is its own alone, or a mark that it bears',
  readable: 'told by the kernel, and set by nobody or not through us',
};

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const code = (text: string): string => (text === '' ? 'empty' : `\`${cell(text)}\``);

const filesOf = (dialects: readonly CgroupDialect[], fallback: string): string => {
  const lines = dialects.map(({ files, since, until }) => {
    const names = files.map(({ name }) => code(name)).join(', ');
    return `${names} (${since}${until === undefined ? '' : ` until ${until}`})`;
  });
  return lines.length === 0 ? fallback : lines.join('; or ');
};

function rangeOf({ range, choices, unit }: CgroupSetting): string {
  const told = range === undefined ? choices?.map(code).join(', ') : `${range.least} to ${range.greatest}`;
  return [told, unit].filter((part) => part !== undefined).join(', ') || '–';
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

function tableOf(settings: readonly CgroupSetting[]): string {
  return [
    row(['setting', 'what it does', 'version 1 (since)', 'version 2 (since)', 'takes', 'new group']),
    row(new Array<string>(6).fill('---')),
    ...settings.map((setting) =>
      row([
        code(setting.key),
        cell(setting.meaning),
        filesOf(setting.v1, '–'),
        setting.key === 'devices' ? 'a BPF program (4.15)' : filesOf(setting.v2, '–'),
        cell(rangeOf(setting)),
        setting.kind === 'text' ? '–' : code(setting.preset),
      ]),
    ),
  ].join('\n');
}

function formulasOf(setting: CgroupSetting): string[] {
  const lines = setting.formulas.map(
    ({ to, formula, source, lost }) =>
      `- to ${to === 'v1' ? 'version 1' : 'version 2'}: ${formula}. *${source}.*${lost === undefined ? '' : ` Lost: ${lost}`}`,
  );
  if (setting.elsewhere !== undefined) lines.push(`- where it is not there: ${setting.elsewhere}`);
  return lines.length === 0 ? [] : ['', `**${setting.key}**`, '', ...lines];
}

/** The page: both versions side by side, then every formula with its source and what is lost. */
export function describeCgroupWords(): string {
  const settings = [...cgroupSettings, ...hugetlbSettings('2MB')];
  const groups = (Object.keys(models) as CgroupModel[]).map((model) => ({ model, of: settings.filter((each) => each.model === model) }));
  return `${[
    '# Words of control groups, versions 1 and 2 side by side',
    '',
    'Made by `scripts/docs/cgroup-words.ts` from `packages/model/src/cgroup-setting.ts`; a test holds it to that. Do not edit it by hand.',
    '',
    "A setting is called by version 2's file name where it has one, and by version 1's otherwise. `./bulkhead cgroup set` takes these names, and files of either version by their own names: `cpu.shares=200` is written as it is on version 1, and converted on version 2. Which of them a group can have, and the least and greatest value in force, `./bulkhead cgroup settings` tells.",
    '',
    'The models are those of the kernel (cgroup-v2.rst, "Resource Distribution Models"). A size of huge pages has settings of its own; those of 2 MB stand for all.',
    ...groups.flatMap(({ model, of }) => ['', `## ${model}: ${models[model]}`, '', tableOf(of)]),
    '',
    '## Formulas, and what is lost',
    '',
    'A conversion that is not named loses nothing. Values beyond the range of the other version are held to it.',
    ...settings.flatMap(formulasOf),
  ].join('\n')}\n`;
}

if (import.meta.main) writeFileSync(cgroupWordsFile, describeCgroupWords());
