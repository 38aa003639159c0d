import { existsSync, readFileSync } from 'node:fs';
import { type DoctorCheck, type ServiceName, serviceNames } from '@bulkhead/model';
import type { DoctorContext } from './context.ts';
import { attention, bad, type Finding, good, look, unknown } from './finding.ts';

/** `<run>/supervisor.json`, as far as it is read here; the command line writes it. */
interface SupervisorRecord {
  supervisor: RecordedProcess;
  services: Partial<Record<ServiceName, { state: string; restarts: number; process?: RecordedProcess }>>;
}
interface RecordedProcess {
  pid: number;
  startTimeTicks: string;
}

const many = 3;

/** True while exactly this process runs (field 22 of /proc/<pid>/stat is its start). */
function isAlive({ pid, startTimeTicks }: RecordedProcess): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[19] === startTimeTicks && fields[0] !== 'Z';
  } catch {
    return false;
  }
}

export function judgeService(name: ServiceName, record: SupervisorRecord, alive: (process: RecordedProcess) => boolean): Finding {
  const service = record.services[name];
  const isUp = alive(record.supervisor);
  if (service?.process !== undefined && alive(service.process)) {
    const found = `runs, process ${service.process.pid}`;
    return service.restarts >= many
      ? attention(`${found}, started again ${service.restarts} times`, 'it ends by itself', `./bulkhead service logs ${name}`)
      : good(found);
  }
  if (!isUp) return attention('does not run', 'the instance is not up', './bulkhead up');
  return bad('does not run', 'it ended, and is being started again', `./bulkhead service logs ${name}`);
}

export function serviceChecks({ paths, troubles = [] }: DoctorContext): DoctorCheck[] {
  if (paths === undefined || !existsSync(paths.supervisorFile)) return [look('service', 'instance', 'Instance', () => good('not up'))];
  let record: SupervisorRecord;
  try {
    record = JSON.parse(readFileSync(paths.supervisorFile, 'utf8')) as SupervisorRecord;
  } catch {
    return [look('service', 'instance', 'Instance', () => unknown(`${paths.supervisorFile} cannot be read`))];
  }
  const rows = serviceNames
    .filter((name) => record.services[name] !== undefined)
    .map((name) => look('service', name, `${name[0]?.toUpperCase()}${name.slice(1)}`, () => judgeService(name, record, isAlive)));
  const warnings = troubles.map((trouble, index) =>
    look('service', `trouble-${index + 1}`, 'The agent says', () => ({
      state: 'attention',
      found: trouble,
      remedy: './bulkhead service logs agent',
    })),
  );
  return [...rows, ...warnings];
}
