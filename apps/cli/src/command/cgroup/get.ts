import { type CgroupFile, Problem } from '@bulkhead/model';
import { agentOf } from '../../client/clients.ts';
import { print, printError, printJson } from '../../output/print.ts';
import { toVisible } from '../../output/table.ts';
import { showCgroupSetting } from './settings.ts';

/** `name: value` for a line, and below each other for more of them. */
function describe({ name, content, unreadable }: CgroupFile): string {
  if (content === undefined) return `${name}: (${unreadable ?? 'not read'})\n`;
  const lines = content.replace(/\n$/, '').split('\n').map(toVisible);
  const rest = unreadable === undefined ? '' : `  (${unreadable})\n`;
  if (lines.length === 1) return `${name}: ${lines[0] ?? ''}\n${rest}`;
  return `${name}:\n${lines.map((line) => `  ${line}\n`).join('')}${rest}`;
}

/** `cgroup get`: one kernel file as cat(1) shows it, or all files of a cgroup with their names. */
export async function showCgroupFiles(
  stateDirectory: string,
  wanted: { path: string; file: string | undefined },
  { json = false }: { json?: boolean },
): Promise<void> {
  const { path, file } = wanted;
  const inspected = await agentOf(stateDirectory).cgroup.inspect.query({ path });
  // No file of that name: a setting of the vocabulary of both versions, perhaps (`cpu.weight` on v1).
  if (file !== undefined && !inspected.files.some(({ name }) => name === file))
    return showCgroupSetting(stateDirectory, path, file, { json });
  const files = file === undefined ? inspected.files : inspected.files.filter(({ name }) => name === file);
  if (files.length === 0)
    throw new Problem('not-found', `${path} has no file ${file ?? 'at all'}`, { remedy: `./bulkhead cgroup get ${path} lists them` });
  if (json) printJson(file === undefined ? inspected : files);
  else if (file === undefined) print(files.map(describe).join(''));
  else {
    // Files of one name stand in several hierarchies of v1: what differs is told apart.
    const [first, ...others] = files;
    if (others.every(({ content }) => content === first?.content) && first?.content !== undefined) print(first.content);
    else for (const each of files) print(`${each.path}: ${describe({ ...each, name: '' }).slice(2)}`);
    for (const { path: at, unreadable } of files) if (unreadable !== undefined) printError(`bulkhead: ${at}: ${unreadable}\n`);
  }
}
