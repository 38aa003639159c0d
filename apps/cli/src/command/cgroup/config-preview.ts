import type { CgroupConfigGroup, CgroupConfigPreview, CgroupConfigSide } from '@bulkhead/model';
import { toVisible } from '../../output/table.ts';
import { describeNote } from './config-note.ts';

/** The line with a caret below the place, as compilers show it. Tabs stay: the caret stands below them too. */
export const describeFault = (file: string, { line, column, message, excerpt, caret }: CgroupConfigPreview['faults'][number]): string =>
  `${file}:${line}:${column}: ${toVisible(message)}\n  ${excerpt}\n  ${caret}\n`;

const owner = (of: {
  uid?: number | undefined;
  gid?: number | undefined;
  fperm?: string | undefined;
  dperm?: string | undefined;
}): string =>
  [`${of.uid ?? 0}:${of.gid ?? 0}`, of.fperm && `files ${of.fperm}`, of.dperm && `directory ${of.dperm}`].filter(Boolean).join(', ');

function describeGroup({ path, controllers, writes, same, permissions, notes }: CgroupConfigGroup): string[] {
  return [
    `  ${toVisible(path)}${controllers.length === 0 ? '' : `  (${controllers.join(', ')})`}`,
    ...writes.map(
      ({ file, value, before, formula }) =>
        `    ${file} = ${toVisible(value)}${before === undefined ? '' : `  (now ${toVisible(before)})`}${formula === undefined ? '' : `  [${formula}]`}`,
    ),
    ...same.map(({ file, value }) => `    ${file} = ${toVisible(value)}  (already so)`),
    ...(permissions === undefined ? [] : [`    moving processes: ${owner(permissions.task)}`, `    limits: ${owner(permissions.admin)}`]),
    ...notes.map((note) => `    line ${note.line}: ${toVisible(describeNote(note))}`),
  ];
}

const describeSide = (title: string, side: CgroupConfigSide | undefined): string[] => [
  `${title}:`,
  ...(side?.groups.length ? side.groups.flatMap(describeGroup) : ['  nothing']),
];

/** What a text is on both versions, and what applying it would do here. */
export function describePreview(file: string, preview: CgroupConfigPreview): string {
  const { faults, notes, v1, v2, templates, steps, foreign, refusals, obsolete } = preview;
  if (v1 === undefined) return faults.map((fault) => describeFault(file, fault)).join('');
  const lines = [
    ...describeSide('On version 1', v1),
    ...describeSide('On version 2', v2),
    ...(templates.length === 0
      ? []
      : [
          'Templates, kept for classify:',
          ...templates.map(
            ({ path, controllers }) => `  ${toVisible(path)}${controllers.length === 0 ? '' : `  (${controllers.join(', ')})`}`,
          ),
        ]),
    ...(notes.length === 0 ? [] : ['To know:', ...notes.map((note) => `  line ${note.line}: ${toVisible(describeNote(note))}`)]),
    ...(foreign.length === 0
      ? []
      : [
          'Groups of other owners, which may write over it again:',
          ...foreign.map(
            ({ path, owner: whose, command }) =>
              `  ${toVisible(path)}: ${toVisible(whose)}${command === undefined ? '' : `; its own way: ${command}`}`,
          ),
        ]),
    ...(refusals.length === 0 ? [] : ['It may not be done:', ...refusals.map((refusal) => `  ${toVisible(refusal)}`)]),
    ...(obsolete.length === 0
      ? []
      : [
          'No longer named, and removed where they are empty:',
          ...obsolete.map(({ path, controllers }) => `  ${toVisible(path)}  (${controllers.join(', ')})`),
        ]),
    ...(faults.length > 0
      ? []
      : [
          'Here:',
          ...(steps.length === 0 ? ['  all is so already'] : steps.map(({ line, text }) => `  ${toVisible(text)}  # line ${line}`)),
        ]),
  ];
  return `${lines.join('\n')}\n${faults.map((fault) => describeFault(file, fault)).join('')}`;
}
