import { setTimeout as delay } from 'node:timers/promises';
import { startInstance } from '../support/instance.ts';
import type { BenchResult } from './result.ts';

/** What each process is to stay below when nothing happens; those without a figure are only told. */
const aimMebibytes: Record<string, number> = { agent: 120, launcher: 60 };
const settleMsec = 10_000;

interface Status {
  services: { name: string; residentBytes?: number }[];
}

/** Resident memory of each service of an instance that does nothing. The peer is the aim: there is nothing to compare with. */
export async function run(): Promise<BenchResult[]> {
  await using instance = await startInstance();
  await delay(settleMsec);
  const { services } = JSON.parse(instance.run('status', '--json').stdout) as Status;
  return services.map(({ name, residentBytes }) => {
    const ours = (residentBytes ?? Number.NaN) / 1024 ** 2;
    const aim = aimMebibytes[name];
    return {
      name: `memory of ${name}, idle`,
      unit: 'MiB',
      ours,
      peer: aim ?? Number.NaN,
      ratio: aim === undefined ? 1 : ours / aim,
      ...(aim === undefined ? {} : { goal: { atMost: 1 } }),
      failures: residentBytes === undefined ? 1 : 0,
    };
  });
}
