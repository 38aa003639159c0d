import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type DoctorReport, defaultListen, Problem } from '@bulkhead/model';
import type { Instance } from '../instance/locate.ts';
import { version } from '../version.ts';
import { nodeProgram } from './node-program.ts';
import { programRoot } from './program/program-root.ts';
import { tryCommandAsync } from './run-command.ts';

/** Has the doctor look from a process of its own, as whoever calls: for a host where no agent runs. */
export async function examineHere(stateDirectory: string, instance: Instance | undefined): Promise<DoctorReport> {
  const program = join(programRoot, 'apps/agent/dist/doctor.mjs');
  if (!existsSync(program))
    throw new Problem('unsupported', `the doctor is not built: ${program} is missing`, { remedy: './bulkhead build' });
  const question = { stateDirectory, instance: instance?.instance, listen: defaultListen, version };
  const { status, stdout, stderr } = await tryCommandAsync([nodeProgram(programRoot), program, JSON.stringify(question)]);
  if (status !== 0) throw new Problem('internal', `the doctor failed: ${stderr.trim().split('\n').at(-1) ?? `exit code ${status}`}`);
  return JSON.parse(stdout) as DoctorReport;
}
