import { existsSync, readFileSync } from 'node:fs';
import { type DoctorCheck, type ServiceName, serviceNames } from '@bulkhead/model';
import { doctorText } from '@bulkhead/model/doctor-text';
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
  const log = doctorText('see-log', { service: name });
  if (service?.process !== undefined && alive(service.process)) {
    const { pid } = service.process;
    return service.restarts >= many
      ? attention(doctorText('service.restarted', { pid, count: service.restarts }), doctorText('service.restarted.what'), log)
      : good(doctorText('service.runs', { pid }));
  }
  if (!isUp) return attention(doctorText('service.ended'), doctorText('service.not-up'), doctorText('up'));
  return bad(doctorText('service.ended'), doctorText('service.starting-again'), log);
}

export function serviceChecks({ paths, troubles = [] }: DoctorContext): DoctorCheck[] {
  if (paths === undefined || !existsSync(paths.supervisorFile))
    return [look('service.instance', () => good(doctorText('service.instance.down')))];
  let record: SupervisorRecord;
  try {
    record = JSON.parse(readFileSync(paths.supervisorFile, 'utf8')) as SupervisorRecord;
  } catch {
    return [look('service.instance', () => unknown(doctorText('service.instance.unreadable', { file: paths.supervisorFile })))];
  }
  const rows = serviceNames
    .filter((name) => record.services[name] !== undefined)
    .map((name) => look(`service.${name}`, () => judgeService(name, record, isAlive)));
  const warnings = troubles.map((found, index) => ({
    ...look('service.trouble', () => ({ state: 'attention', found, remedy: doctorText('see-log', { service: 'agent' }) })),
    id: `service.trouble-${index + 1}`,
  }));
  return [...rows, ...warnings];
}
