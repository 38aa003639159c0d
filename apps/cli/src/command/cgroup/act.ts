import type { CgroupDone } from '@bulkhead/api';
import { type CgroupPlan, type CgroupVerb, Problem } from '@bulkhead/model';
import { type AgentClient, agentOf } from '../../client/clients.ts';
import { print, printError, printJson } from '../../output/print.ts';
import { parseCount } from '../../output/quantity.ts';
import { toVisible } from '../../output/table.ts';
import { groupPath, parseControllers, parseGroup } from './group-argument.ts';

/** What a person says to it. */
export interface Consent {
  yes?: boolean;
  force?: boolean;
}

export interface ActOptions extends Consent {
  dryRun?: boolean;
  json?: boolean;
}

const consentOf = ({ yes = false, force = false }: Consent) => ({ confirmed: yes, force });

const describeStep = ({ file, before, after }: CgroupPlan['steps'][number]): string => {
  const shown = (value: string) => (value.includes('\n') || value === '' ? JSON.stringify(value) : toVisible(value));
  return `${toVisible(file)}: ${before === undefined ? '' : `${shown(before)} → `}${shown(after)}\n`;
};

type Asked = Partial<Parameters<AgentClient['cgroup']['plan']['query']>[0]>;

/** Tells what something would do, and does nothing. */
async function tellPlan(client: AgentClient, path: string, verb: CgroupVerb, json: boolean, asked: Asked = {}): Promise<void> {
  const told = await client.cgroup.plan.query({ ...asked, path, verb });
  if (json) {
    printJson(told);
    return;
  }
  const { plan, ownership, refusal } = told;
  const { maker, command, overwritten, unknownToOwner, confirm, protections } = ownership;
  print(plan.steps.map(describeStep).join('') || (verb === 'set' ? 'nothing to change\n' : `${verb} ${toVisible(path)}\n`));
  print(`owner: ${maker.runtime} ${toVisible(maker.name)}\n`);
  if (command !== undefined) print(`its own command: ${toVisible(command)}\n`);
  if (unknownToOwner.length > 0) print(`the owner has no words for: ${unknownToOwner.join(', ')}\n`);
  if (overwritten !== undefined) print(`${overwritten}\n`);
  for (const warning of plan.warnings) print(`${toVisible(warning)}\n`);
  for (const protection of protections) print(`protected: ${toVisible(protection)}\n`);
  if (refusal !== undefined && protections.length === 0) print(`refused: ${toVisible(refusal)}\n`);
  if (confirm) print('it wants to be confirmed: --yes\n');
}

function tellDone({ transcript }: CgroupDone, json: boolean, done: CgroupDone): void {
  if (json) printJson(done);
  else for (const command of transcript.commands) print(`${toVisible(command)}\n`);
}

/** `KEY=VALUE`; a value may have further `=`, and `\n` between its lines. */
export function parseAssignment(text: string): { key: string; value: string } {
  const equals = text.indexOf('=');
  if (equals <= 0)
    throw new Problem('invalid', `"${text}" is no SETTING=VALUE`, { remedy: 'write it like cpu.weight=50 or memory.max=64M' });
  return { key: text.slice(0, equals), value: text.slice(equals + 1).replaceAll('\\n', '\n') };
}

/** `cgroup set`: changes settings, all of them or none. */
export async function setCgroup(
  stateDirectory: string,
  path: string,
  assignments: readonly string[],
  { dryRun = false, json = false, enableControllers = false, ...consent }: ActOptions & { enableControllers?: boolean },
): Promise<void> {
  const client = agentOf(stateDirectory);
  const changes = assignments.map(parseAssignment);
  const at = groupPath(path);
  if (dryRun) return tellPlan(client, at, 'set', json, { changes, enableControllers });
  const done = await client.cgroup.set.mutate({ path: at, changes, enableControllers, ...consentOf(consent) });
  tellDone(done, json, done);
}

/** `cgroup create`. */
export async function createCgroup(
  stateDirectory: string,
  path: string,
  { controllers, dryRun = false, json = false, ...consent }: ActOptions & { controllers?: string },
): Promise<void> {
  const client = agentOf(stateDirectory);
  const at = groupPath(path);
  if (dryRun) return tellPlan(client, at, 'create', json);
  const chosen = controllers === undefined ? {} : { controllers: parseControllers('--controllers', controllers) };
  const done = await client.cgroup.create.mutate({ path: at, ...chosen, ...consentOf(consent) });
  tellDone(done, json, done);
}

/** `cgroup rm`. */
export async function removeCgroup(
  stateDirectory: string,
  path: string,
  { recursive = false, dryRun = false, json = false, ...consent }: ActOptions & { recursive?: boolean },
): Promise<void> {
  const client = agentOf(stateDirectory);
  const at = groupPath(path);
  if (dryRun) return tellPlan(client, at, 'remove', json);
  const done = await client.cgroup.remove.mutate({ path: at, recursive, ...consentOf(consent) });
  tellDone(done, json, done);
}

/** `cgroup freeze`, `thaw` and `kill`. */
export async function actOnCgroup(
  stateDirectory: string,
  verb: 'freeze' | 'thaw' | 'kill',
  path: string,
  { dryRun = false, json = false, ...consent }: ActOptions,
): Promise<void> {
  const client = agentOf(stateDirectory);
  const at = groupPath(path);
  if (dryRun) return tellPlan(client, at, verb, json);
  const done = await client.cgroup[verb].mutate({ path: at, ...consentOf(consent) });
  tellDone(done, json, done);
}

const parsePids = (texts: readonly string[]): number[] => texts.map((text) => parseCount('the process', text));

/** `cgroup move`: processes into one group, in every hierarchy that has it. */
export async function moveIntoCgroup(
  stateDirectory: string,
  path: string,
  pids: readonly string[],
  { threads = false, dryRun = false, json = false, ...consent }: ActOptions & { threads?: boolean },
): Promise<void> {
  const client = agentOf(stateDirectory);
  const at = groupPath(path);
  const moved = parsePids(pids);
  if (dryRun) return tellPlan(client, at, 'move', json, { pids: moved });
  const done = await client.cgroup.move.mutate({ path: at, pids: moved, threads, ...consentOf(consent) });
  tellDone(done, json, done);
}

/** Moves processes into groups, each in the hierarchies of its controllers. */
export async function classify(client: AgentClient, groups: readonly string[], pids: readonly number[], consent: Consent): Promise<void> {
  if (groups.length === 0) throw new Problem('invalid', '-g: a group is needed', { remedy: 'write it like -g cpu,memory:jobs/one' });
  for (const group of groups.map(parseGroup)) {
    if (!isTemplate(group.path)) await client.cgroup.move.mutate({ ...group, pids: [...pids], ...consentOf(consent) });
    else
      for (const pid of pids) {
        const { path, controllers } = group;
        const made = await client.cgroup.makeFromTemplate.mutate({
          template: path,
          pid,
          ...(controllers === undefined ? {} : { controllers }),
        });
        await client.cgroup.move.mutate({ ...group, path: made.path, pids: [pid], ...consentOf(consent) });
      }
  }
}

/** `students/%u`: a group for each user (cgrules.conf(5)). */
const isTemplate = (path: string): boolean => /%[uUgGpP]/.test(path.replaceAll(/\\./g, ''));

/** `cgroup classify`: cgclassify(1). */
export async function classifyProcesses(
  stateDirectory: string,
  pids: readonly string[],
  { group = [], ...consent }: Consent & { group?: string[] },
): Promise<void> {
  await classify(agentOf(stateDirectory), group, parsePids(pids), consent);
}

/** `cgroup controllers`: lssubsys(1). */
export async function listControllers(
  stateDirectory: string,
  { mountPoints = false, all = false, json = false }: { mountPoints?: boolean; all?: boolean; json?: boolean },
): Promise<void> {
  const told = await agentOf(stateDirectory).cgroup.controllers.query({});
  if (json) {
    printJson(told);
    return;
  }
  for (const { version, controllers, mountPoint } of told.hierarchies) {
    // Of v2 each controller is one of its own: they are handed down one by one.
    const lines = version === 1 ? [controllers.join(',')] : controllers;
    for (const line of lines) print(mountPoints ? `${line} ${mountPoint}\n` : `${line}\n`);
    if (version === 2 && lines.length === 0 && mountPoints)
      printError(`bulkhead: the v2 tree at ${mountPoint} has no controllers: version 1 has them\n`);
  }
  if (all) for (const name of told.unmounted) print(`${name}\n`);
}
