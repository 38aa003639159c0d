import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { longestCgroupConfig, Problem } from '@bulkhead/model';
import { agentOf } from '../../client/clients.ts';
import { ExitRequest } from '../../failure.ts';
import { print, printError, printJson } from '../../output/print.ts';
import { formatTable, toVisible } from '../../output/table.ts';
import { describeFault, describePreview } from './config-preview.ts';

/** A file, or what comes in at `-`. */
function readText(file: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file === '-' ? 0 : file);
  } catch (failure) {
    throw new Problem('invalid', `${file} cannot be read: ${(failure as Error).message}`, { cause: failure });
  }
  if (bytes.length > longestCgroupConfig) throw new Problem('invalid', `${file} is larger than ${longestCgroupConfig / 1024} KiB`);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (failure) {
    throw new Problem('invalid', `${file} is not text in UTF-8`, { cause: failure });
  }
}

/** `/etc/cgconfig.conf` is kept as cgconfig. */
const nameOf = (file: string): string => (file === '-' ? 'cgconfig' : basename(file).replace(/\.conf$/, ''));

async function isConfirmed(question: string): Promise<boolean> {
  if (process.stdin.isTTY !== true)
    throw new Problem('invalid', 'nothing was applied: it was not confirmed', { remedy: 'give --yes, or --preview to look at it alone' });
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(?:es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}

export interface ImportOptions {
  name?: string;
  preview?: boolean;
  yes?: boolean;
  json?: boolean;
}

/** `cgroup import`: what a cgconfig.conf does on both versions, then does it, and keeps it over boots. */
export async function importConfig(stateDirectory: string, file: string, options: ImportOptions): Promise<void> {
  const text = readText(file);
  const name = options.name ?? nameOf(file);
  const agent = agentOf(stateDirectory);
  const preview = await agent.cgroup.previewConfig.mutate({ name, text });
  const isJson = options.json === true;
  if (options.preview === true) {
    if (isJson) printJson(preview);
    else print(describePreview(file, preview));
  }
  if (preview.faults.length > 0) {
    if (options.preview !== true || isJson) for (const fault of preview.faults) printError(describeFault(file, fault));
    throw new ExitRequest(2);
  }
  if (options.preview === true) return;
  if (options.yes !== true) {
    printError(describePreview(file, preview));
    if (!(await isConfirmed(`Apply it, and again after each boot, as ${name}?`))) throw new ExitRequest(1);
  }
  const { config, kept, transcript } = await agent.cgroup.importConfig.mutate({ name, text, confirmed: true });
  if (isJson) printJson({ config, kept, transcript });
  else for (const { path, controllers } of config.made) print(`${toVisible(path)}  ${controllers.join(',')}\n`);
  for (const { path, reason } of kept) printError(`bulkhead: ${toVisible(path)} stays: ${toVisible(reason)}\n`);
}

export interface ExportOptions {
  controllers?: string;
  words?: 'v1' | 'v2';
  all?: boolean;
  output?: string;
}

/** `cgroup export`: the groups at a path and below it as a cgconfig.conf. */
export async function exportConfig(stateDirectory: string, path: string, options: ExportOptions): Promise<void> {
  const controllers = options.controllers?.split(',').filter((name) => name !== '');
  const { text } = await agentOf(stateDirectory).cgroup.exportConfig.query({
    path,
    all: options.all ?? false,
    ...(controllers === undefined ? {} : { controllers }),
    ...(options.words === undefined ? {} : { words: options.words }),
  });
  if (options.output === undefined) print(text);
  else writeFileSync(options.output, text);
}

/** `cgroup configs`: what is kept and applied after each boot. */
export async function listConfigs(stateDirectory: string, { json = false }: { json?: boolean }): Promise<void> {
  const configs = await agentOf(stateDirectory).cgroup.listConfigs.query({});
  if (json) {
    printJson(configs);
    return;
  }
  const rows = configs.map(({ name, appliedAt, importedBy, made, file, trouble }) => [
    name,
    trouble === undefined && appliedAt !== undefined ? 'in force' : 'not in force',
    importedBy ?? '-',
    String(made.length),
    file,
  ]);
  print(formatTable(['NAME', 'STATE', 'BY', 'GROUPS', 'FILE'], rows));
  for (const { name, trouble } of configs) if (trouble !== undefined) printError(`bulkhead: ${name}: ${toVisible(trouble)}\n`);
}

/** `cgroup remove-config`: forgets one, and takes back what it did. */
export async function removeConfig(stateDirectory: string, name: string, { json = false }: { json?: boolean }): Promise<void> {
  const undone = await agentOf(stateDirectory).cgroup.removeConfig.mutate({ name });
  if (json) printJson(undone);
  else for (const { path, controllers } of undone.removed) print(`${toVisible(path)}  ${controllers.join(',')}\n`);
  for (const { path, reason } of undone.kept) printError(`bulkhead: ${toVisible(path)} stays: ${toVisible(reason)}\n`);
}
