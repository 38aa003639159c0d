import type { LabChange } from '@bulkhead/api';
import { type LabKind, type LabRun, Problem } from '@bulkhead/model';
import { agentOf } from '../../client/clients.ts';
import { ExitRequest } from '../../failure.ts';
import { print, printError, printJson } from '../../output/print.ts';
import { parseCount } from '../../output/quantity.ts';
import { formatTable } from '../../output/table.ts';
import { drawBars } from './bars.ts';
import { Screen } from './screen.ts';
import { checkRow, stepLine, summaries } from './words.ts';

export interface ConductOptions {
  seconds?: string;
  json?: boolean;
}

const defaultColumns = 80;

/** Brings a run to where a change leaves it. */
function applyChange(run: LabRun, change: LabChange): LabRun {
  switch (change.type) {
    case 'snapshot':
      return change.runs[0] ?? run;
    case 'run':
      return change.run;
    case 'step':
      return { ...run, steps: [...run.steps, change.step] };
    case 'point':
      return { ...run, points: [...run.points, change.point] };
  }
}

function tellVerdict({ outcome, checks, problem }: LabRun): void {
  if (checks.length > 0) print(`\n${formatTable(['', 'CHECK', 'EXPECTED', 'MEASURED'], checks.map(checkRow))}`);
  if (problem !== undefined) printError(`bulkhead: ${problem.message}\n${problem.remedy === undefined ? '' : `  ${problem.remedy}\n`}`);
  const words = {
    passed: 'Everything came out as expected.',
    failed: 'Not everything came out as expected.',
    stopped: 'It was stopped.',
    broken: 'It could not be carried out.',
  };
  if (outcome !== undefined) print(`\n${words[outcome]} Nothing of it is left.\n`);
}

/** `lab shares` and its like: carries a lab out, shows it as it goes, and says how it came out. Exit code 1 where it did not pass. */
export async function conductLab(stateDirectory: string, lab: LabKind, options: ConductOptions): Promise<void> {
  const client = agentOf(stateDirectory);
  const seconds = options.seconds === undefined ? undefined : parseCount('--seconds', options.seconds);
  let run: LabRun = await client.lab.start.mutate({ lab, ...(seconds === undefined ? {} : { seconds }) });
  const { id } = run;
  const stop = () => void client.lab.stop.mutate({ run: id }).catch(() => undefined);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);

  const isJson = options.json === true;
  const screen = new Screen({ isTerminal: !isJson && process.stdout.isTTY === true });
  if (!isJson) print(`${lab} (${id}): ${summaries[lab]}; ${run.seconds} s. Ctrl-C stops it.\n\n`);
  let told = 0;
  for await (const change of await client.lab.watch.subscribe({ run: id })) {
    run = applyChange(run, change);
    if (isJson) continue;
    for (const step of run.steps.slice(told)) screen.line(stepLine(step));
    told = run.steps.length;
    screen.draw(drawBars(run, process.stdout.columns ?? defaultColumns));
  }
  if (run.state !== 'ended')
    throw new Problem('unavailable', 'the agent ended while the lab ran', { remedy: 'its next start takes away what is left' });
  if (isJson) printJson(run);
  else tellVerdict(run);
  if (run.outcome !== 'passed') throw new ExitRequest(1);
}
