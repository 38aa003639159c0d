import { type DoctorCheck, DoctorGroup, type DoctorReport, DoctorState, type DoctorText } from '@bulkhead/model';
import { type DoctorLanguage, type DoctorTextCode, doctorTitle, tellDoctor } from '@bulkhead/model/doctor-text';
import { createAgentClient } from '../client/clients.ts';
import { readLocale } from '../env.ts';
import { ExitRequest, toProblem } from '../failure.ts';
import { type Instance, readInstance } from '../instance/locate.ts';
import { languageOf } from '../output/language.ts';
import { print, printJson } from '../output/print.ts';
import { displayWidth, padTo, toVisible } from '../output/table.ts';
import { examineHere } from '../up/doctor-process.ts';

const states = DoctorState.options;

/** A check in words of one language, as `--json` prints it: the words in English, and the codes that they were made of. */
export function toJson({ found, cost, remedy, ...check }: DoctorCheck): object {
  const tell = (text: DoctorText | undefined) => (text === undefined ? undefined : tellDoctor(text, 'en'));
  const told = { title: doctorTitle(check, 'en'), found: tell(found), cost: tell(cost), remedy: tell(remedy) };
  return { ...check, ...told, codes: { found, cost, remedy } };
}

/** One line a check, below it what it costs and what to do; columns stand under one another. */
export function formatReport({ checks }: DoctorReport, language: DoctorLanguage): string {
  const word = (code: DoctorTextCode) => tellDoctor({ code }, language);
  const stateWidth = Math.max(...states.map((state) => displayWidth(word(`state.${state}`))));
  const titleWidth = Math.max(...checks.map((check) => displayWidth(doctorTitle(check, language))));
  const hints = { cost: word('word.cost'), remedy: word('word.remedy') };
  const hintWidth = Math.max(...Object.values(hints).map(displayWidth));
  const indent = ' '.repeat(stateWidth + titleWidth + 6);
  const hint = (kind: keyof typeof hints, text: DoctorText | undefined): string[] =>
    text === undefined ? [] : [`${indent}${padTo(hints[kind], hintWidth)} ${toVisible(tellDoctor(text, language))}`];
  const lines = (check: DoctorCheck): string[] => [
    `  ${padTo(word(`state.${check.state}`), stateWidth)}  ${padTo(doctorTitle(check, language), titleWidth)}  ${toVisible(tellDoctor(check.found, language))}`,
    ...hint('cost', check.cost),
    ...hint('remedy', check.remedy),
  ];
  const groups = DoctorGroup.options.flatMap((group) => {
    const own = checks.filter((check) => check.group === group);
    return own.length === 0 ? [] : [word(`group.${group}`), ...own.flatMap(lines), ''];
  });
  const counts = states.map((state) => `${checks.filter((check) => check.state === state).length} ${word(`state.${state}`)}`);
  return `${[...groups, counts.join(language === 'zh' ? '，' : ', ')].join('\n')}\n`;
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
export async function showDoctor(stateDirectory: string, { json, lang }: { json?: boolean; lang?: DoctorLanguage }): Promise<void> {
  const instance = findInstance(stateDirectory);
  const report = (await askAgent(instance)) ?? (await examineHere(stateDirectory, instance));
  if (json === true) printJson({ ...report, checks: report.checks.map(toJson) });
  else print(formatReport(report, lang ?? languageOf(readLocale())));
  if (report.checks.some(({ state }) => state === 'bad')) throw new ExitRequest(1);
}
