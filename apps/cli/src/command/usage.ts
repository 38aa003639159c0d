import type { Conservation } from '@bulkhead/model';
import { controlOf } from '../client/clients.ts';
import { print, printJson } from '../output/print.ts';
import { formatBytes } from '../output/quantity.ts';
import { formatTable, toVisible } from '../output/table.ts';
import { toTimestamp } from '../output/timestamp.ts';

export interface UsageOptions {
  tenant?: string;
  from?: string;
  to?: string;
  json?: boolean;
  conservation?: boolean;
}

/** Microseconds as seconds, exactly: `1234567` is `1.234567 s`. */
const formatUsec = (usec: string): string => `${usec.padStart(7, '0').slice(0, -6)}.${usec.padStart(7, '0').slice(-6)} s`;
const bytesOrDash = (bytes: string | undefined): string => (bytes === undefined ? '-' : formatBytes(bytes));

const dayMsec = 86_400_000;

/** Millionths as percent: 1000 is `0.1 %`; null where the kernel counted nothing and the ledger did. */
const formatPpm = (ppm: number | null): string => (ppm === null ? 'all of it' : `${ppm / 10_000} %`);

const formatSigned = (usec: string): string => (usec.startsWith('-') ? `-${formatUsec(usec.slice(1))}` : formatUsec(usec));

function toRow({ tenantId, start, end, counter, explained, unexplained, unexplainedPpm, holds }: Conservation): string[] {
  const parts = explained
    .filter(({ quantity }) => quantity !== '0')
    .map(({ name, quantity }) => `${toVisible(name)} ${formatUsec(quantity)}`)
    .join(', ');
  const who = tenantId ?? 'whole host';
  return [
    who,
    start,
    end,
    formatUsec(counter),
    `${formatSigned(unexplained)} (${formatPpm(unexplainedPpm)})`,
    holds ? 'holds' : 'FAILS',
    parts,
  ];
}

/** `usage --conservation`: the ledger held against the kernel's own sums, hour by hour; the last day where no time is told. */
async function showConservation(stateDirectory: string, options: UsageOptions, window: { from?: string; to?: string }): Promise<void> {
  const to = window.to ?? new Date().toISOString();
  const from = window.from ?? new Date(Date.parse(to) - dayMsec).toISOString();
  const checks = await controlOf(stateDirectory).ledger.conservation.query({
    from,
    to,
    ...(options.tenant === undefined ? {} : { tenantId: options.tenant }),
  });
  if (options.json === true) printJson(checks);
  else if (checks.length === 0) print('No hour of that time has been held against the kernel yet: that is done once an hour is over.\n');
  else print(formatTable(['OF', 'FROM', 'TO', 'KERNEL', 'UNEXPLAINED', 'CHECK', 'EXPLAINED BY'], checks.map(toRow)));
}

/** `usage`: what tenants used, up to now. JSON is the list that the control plane answers, counters as decimal text. */
export async function showUsage(stateDirectory: string, options: UsageOptions): Promise<void> {
  const from = toTimestamp('--from', options.from);
  const to = toTimestamp('--to', options.to);
  if (options.conservation === true) {
    await showConservation(stateDirectory, options, { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) });
    return;
  }
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
