import { readFileSync } from 'node:fs';
import { ExitRequest } from '../failure.ts';
import { locateInstance, notRunning } from '../instance/locate.ts';
import { isAlive } from '../instance/process-identity.ts';
import { readSupervisorRecord } from '../instance/supervisor-file.ts';
import { print, printJson } from '../output/print.ts';
import { formatBytes, formatDuration } from '../output/quantity.ts';
import { formatTable } from '../output/table.ts';

/** Resident memory of a process (VmRSS of /proc/<pid>/status); undefined where it cannot be told. */
function readResidentBytes(pid: number): number | undefined {
  try {
    const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
  } catch {
    return undefined;
  }
}

/** `status`: which services run, since when, how often they were started again. Exit code 1 unless all of them run. */
export async function showStatus(stateDirectory: string, options: { json?: boolean }): Promise<void> {
  const instance = locateInstance(stateDirectory);
  const record = readSupervisorRecord(instance.paths.supervisorFile);
  if (record === undefined) throw notRunning();
  const isUp = isAlive(record.supervisor);
  const services = Object.entries(record.services).map(([name, service]) => {
    const alive = service.process !== undefined && isAlive(service.process);
    return {
      name,
      state: alive ? service.state : service.state === 'waiting' && isUp ? 'waiting' : 'stopped',
      pid: alive ? service.process?.pid : undefined,
      startedAt: alive ? service.startedAt : undefined,
      restarts: service.restarts,
      residentBytes: alive && service.process !== undefined ? readResidentBytes(service.process.pid) : undefined,
    };
  });
  const isHealthy = isUp && services.every(({ state }) => state === 'running');
  if (options.json === true)
    printJson({
      instance: instance.instance,
      hostId: instance.hostId,
      stateDirectory,
      supervisor: isUp ? { pid: record.supervisor.pid } : undefined,
      url: isUp ? record.url : undefined,
      services,
    });
  else {
    print(
      isUp
        ? `up, instance ${instance.instance}${record.url === undefined ? ', not ready yet' : `, ${record.url}`}\n`
        : `not up (instance ${instance.instance})\n`,
    );
    print(
      formatTable(
        ['SERVICE', 'STATE', 'PID', 'MEMORY', 'RESTARTS', 'SINCE'],
        services.map(({ name, state, pid, residentBytes, restarts, startedAt }) => [
          name,
          state,
          pid === undefined ? '-' : String(pid),
          residentBytes === undefined ? '-' : formatBytes(residentBytes),
          String(restarts),
          startedAt === undefined ? '-' : formatDuration((Date.now() - Date.parse(startedAt)) / 1000),
        ]),
      ),
    );
  }
  if (!isHealthy) throw new ExitRequest(1);
}
