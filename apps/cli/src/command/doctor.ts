import type { DoctorCheck, DoctorGroup, DoctorReport, DoctorState } from '@bulkhead/model';
import { createAgentClient } from '../client/clients.ts';
import { ExitRequest, toProblem } from '../failure.ts';
import { type Instance, readInstance } from '../instance/locate.ts';
import { print, printJson } from '../output/print.ts';
import { toVisible } from '../output/table.ts';
import { examineHere } from '../up/doctor-process.ts';

const groupTitles: Record<DoctorGroup, string> = {
  kernel: 'Kernel',
  cgroup: 'Control groups',
  privilege: 'Privileges',
  clock: 'Clock',
  disk: 'Disk',
  network: 'Network',
  version: 'Versions',
  service: 'Services',
};
const states: readonly DoctorState[] = ['good', 'attention', 'bad', 'unknown'];
const stateWidth = Math.max(...states.map((state) => state.length));

/** One line a check, below it what it costs and what to do; columns stand under one another. */
export function formatReport({ checks }: DoctorReport): string {
  const titleWidth = Math.max(...checks.map(({ title }) => title.length));
  const indent = ' '.repeat(stateWidth + titleWidth + 6);
  const lines = (check: DoctorCheck): string[] => [
    `  ${check.state.padEnd(stateWidth)}  ${check.title.padEnd(titleWidth)}  ${toVisible(check.found)}`,
    ...(check.cost === undefined ? [] : [`${indent}cost: ${toVisible(check.cost)}`]),
    ...(check.remedy === undefined ? [] : [`${indent}do:   ${toVisible(check.remedy)}`]),
  ];
  const groups = (Object.keys(groupTitles) as DoctorGroup[]).flatMap((group) => {
    const own = checks.filter((check) => check.group === group);
    return own.length === 0 ? [] : [groupTitles[group], ...own.flatMap(lines), ''];
  });
  const counts = states.map((state) => `${checks.filter((check) => check.state === state).length} ${state}`);
  return `${[...groups, counts.join(', ')].join('\n')}\n`;
}

/** What the agent says; undefined where none answers, or not to us. */
async function askAgent(instance: Instance | undefined): Promise<DoctorReport | undefined> {
  if (instance === undefined) return undefined;
  try {
    return await createAgentClient(instance.paths.agentSocket).host.doctor.query({});
  } catch (failure) {
    const { code } = toProblem(failure);
    if (code === 'unavailable' || code === 'forbidden' || code === 'unauthenticated') return undefined;
    throw failure;
  }
}

/** The instance of a state directory; undefined where there is none, or it is closed to us. */
function findInstance(stateDirectory: string): Instance | undefined {
  try {
    return readInstance(stateDirectory);
  } catch (failure) {
    if (toProblem(failure).code === 'forbidden') return undefined;
    throw failure;
  }
}

/** `doctor`: what this host has and lacks. Exit code 1 where something is bad. */
export async function showDoctor(stateDirectory: string, { json }: { json?: boolean }): Promise<void> {
  const instance = findInstance(stateDirectory);
  const report = (await askAgent(instance)) ?? (await examineHere(stateDirectory, instance));
  if (json === true) printJson(report);
  else print(formatReport(report));
  if (report.checks.some(({ state }) => state === 'bad')) throw new ExitRequest(1);
}
