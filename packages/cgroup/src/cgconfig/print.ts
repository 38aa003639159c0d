import { type Assignment, type Config, keywords, type Permissions, type Section } from './syntax.ts';

const bare = /^[a-zA-Z0-9_\-/.,%@\\]+$/;

/** Whether a text can stand in a cgconfig.conf at all: its quotation marks know no escape. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: a zero byte ends a string of libcgroup
export const isPrintable = (text: string): boolean => !/["\u0000\r]/.test(text);

/** A word as it stands in the file, in quotation marks where it needs them. @throws RangeError where it cannot be written */
export function printWord(text: string): string {
  if (!isPrintable(text)) throw new RangeError(`${JSON.stringify(text)} cannot be written into a cgconfig.conf`);
  return bare.test(text) && !(keywords as readonly string[]).includes(text) ? text : `"${text}"`;
}

const indent = (depth: number): string => '\t'.repeat(depth);

const printAssignments = (assignments: readonly Assignment[], depth: number): string =>
  assignments.map(({ name, value }) => `${indent(depth)}${printWord(name.text)} = ${printWord(value.text)};\n`).join('');

function printPermissions({ first, task, admin }: Permissions, depth: number): string {
  const part = (name: 'task' | 'admin'): string =>
    `${indent(depth + 1)}${name} {\n${printAssignments(name === 'task' ? task : admin, depth + 2)}${indent(depth + 1)}}\n`;
  const parts = first === 'task' ? part('task') + part('admin') : part('admin') + part('task');
  return `${indent(depth)}perm {\n${parts}${indent(depth)}}\n`;
}

function printSection(section: Section): string {
  switch (section.kind) {
    case 'group':
    case 'template': {
      const permissions = section.permissions === undefined ? '' : printPermissions(section.permissions, 1);
      const controllers = section.controllers.map(({ controller, settings }) =>
        settings.length === 0
          ? `\t${printWord(controller.text)} {}\n`
          : `\t${printWord(controller.text)} {\n${printAssignments(settings, 2)}\t}\n`,
      );
      return `${section.kind} ${printWord(section.name.text)} {\n${permissions}${controllers.join('')}}\n`;
    }
    case 'default':
      return `default {\n${printPermissions(section.permissions, 1)}}\n`;
    default:
      return `${section.kind} {\n${printAssignments(section.assignments, 1)}}\n`;
  }
}

/** The text of a syntax tree: reading it gives the same tree. @throws RangeError where a word cannot be written */
export const printConfig = ({ sections }: Config): string => sections.map(printSection).join('\n');
