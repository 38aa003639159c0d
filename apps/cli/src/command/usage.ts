import { Problem } from '@bulkhead/model';
import { controlOf } from '../client/clients.ts';
import { print, printJson } from '../output/print.ts';
import { formatBytes } from '../output/quantity.ts';
import { formatTable } from '../output/table.ts';

export interface UsageOptions {
  tenant?: string;
  from?: string;
  to?: string;
  json?: boolean;
}

function toTimestamp(option: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw new Problem('invalid', `${option}: "${text}" is no time; write it like 2026-01-31T12:00:00Z`);
  return new Date(at).toISOString();
}

/** Microseconds as seconds, exactly: `1234567` is `1.234567 s`. */
const formatUsec = (usec: string): string => `${usec.padStart(7, '0').slice(0, -6)}.${usec.padStart(7, '0').slice(-6)} s`;
const bytesOrDash = (bytes: string | undefined): string => (bytes === undefined ? '-' : formatBytes(bytes));

/** `usage`: what tenants used, up to now. JSON is the list that the control plane answers, counters as decimal text. */
export async function showUsage(stateDirectory: string, options: UsageOptions): Promise<void> {
  const from = toTimestamp('--from', options.from);
  const to = toTimestamp('--to', options.to);
  const summaries = await controlOf(stateDirectory).usage.summarise.query({
    ...(options.tenant === undefined ? {} : { tenantId: options.tenant }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  });
  if (options.json === true) {
    printJson(summaries);
    return;
  }
  const rows = summaries.flatMap((summary) => [
    [
      summary.tenantId,
      '',
      formatUsec(summary.cpuUsageUsec),
      `${formatBytes(summary.memoryByteSeconds)}·s`,
      `${bytesOrDash(summary.ioReadBytes)} / ${bytesOrDash(summary.ioWriteBytes)}`,
    ],
    ...summary.containers.map((line) => [
      '',
      line.containerName,
      line.cpuUsageUsec === undefined ? '-' : formatUsec(line.cpuUsageUsec),
      `${formatBytes(line.memoryByteSeconds)}·s`,
      `${bytesOrDash(line.ioReadBytes)} / ${bytesOrDash(line.ioWriteBytes)}`,
    ]),
  ]);
  print(formatTable(['TENANT', 'CONTAINER', 'CPU TIME', 'MEMORY', 'READ / WRITTEN'], rows));
}
