import type { Container, Sample } from '@bulkhead/model';
import { Problem } from '@bulkhead/model';
import { agentOf } from '../../client/clients.ts';
import { print, printJson } from '../../output/print.ts';
import { formatBytes } from '../../output/quantity.ts';
import { formatTable } from '../../output/table.ts';

export interface StatsOptions {
  stream: boolean;
  json?: boolean;
}

/** CPUs in use between two readings of one counter, in thousandths; undefined where it cannot be told. */
function cpuMillis(before: Sample | undefined, now: Sample): number | undefined {
  if (before?.reading.cpuUsageUsec === undefined || now.reading.cpuUsageUsec === undefined) return undefined;
  const elapsedMsec = Date.parse(now.at) - Date.parse(before.at);
  const usedUsec = BigInt(now.reading.cpuUsageUsec) - BigInt(before.reading.cpuUsageUsec);
  return elapsedMsec > 0 && usedUsec >= 0n ? Number(usedUsec) / elapsedMsec : undefined;
}

const orDash = (text: string | undefined): string => text ?? '-';
const bytesOrDash = (bytes: string | undefined): string => (bytes === undefined ? '-' : formatBytes(bytes));

function row(container: Container, before: Sample | undefined, now: Sample): string[] {
  const used = cpuMillis(before, now);
  const { reading } = now;
  return [
    container.name,
    container.tenantId,
    used === undefined ? '-' : `${(used / 10).toFixed(1)}%`,
    `${bytesOrDash(reading.memoryCurrentBytes)} / ${container.limits.memoryMaxBytes === undefined ? 'max' : formatBytes(container.limits.memoryMaxBytes)}`,
    `${bytesOrDash(reading.ioReadBytes)} / ${bytesOrDash(reading.ioWriteBytes)}`,
    orDash(reading.pidsCurrent),
  ];
}

/** `stats`: use of running containers, renewed each second; with --no-stream once. 100% is one CPU. */
export async function showStats(stateDirectory: string, references: readonly string[], options: StatsOptions): Promise<void> {
  const client = agentOf(stateDirectory);
  const containers = await client.container.list.query({});
  const unknown = references.find((reference) => !containers.some(({ id, name }) => id === reference || name === reference));
  if (unknown !== undefined) throw new Problem('not-found', `no container "${unknown}"`, { remedy: './bulkhead ps -a lists them' });
  const byId = new Map(containers.map((container) => [container.id, container]));
  const isWanted = ({ id, name }: Container) => references.length === 0 || references.includes(id) || references.includes(name);
  const before = new Map<string, Sample>();
  let count = 0;
  for await (const { samples } of await client.container.samples.subscribe({})) {
    if (samples.some(({ containerId }) => !byId.has(containerId)))
      for (const container of await client.container.list.query({})) byId.set(container.id, container);
    const shown = samples.flatMap((sample) => {
      const container = byId.get(sample.containerId);
      return container !== undefined && isWanted(container) ? [{ container, sample }] : [];
    });
    count += 1;
    const isLast = !options.stream && count >= 2;
    if (options.stream || isLast) {
      if (options.json === true)
        printJson(
          shown.map(({ container, sample }) => ({
            ...sample,
            name: container.name,
            cpuMillis: cpuMillis(before.get(container.id), sample),
          })),
        );
      else {
        if (options.stream) print('\x1b[2J\x1b[H');
        print(
          formatTable(
            ['NAME', 'TENANT', 'CPU', 'MEMORY / LIMIT', 'READ / WRITTEN', 'PIDS'],
            shown.map(({ container, sample }) => row(container, before.get(container.id), sample)),
          ),
        );
      }
    }
    for (const { sample } of shown) before.set(sample.containerId, sample);
    if (isLast) return;
  }
}
