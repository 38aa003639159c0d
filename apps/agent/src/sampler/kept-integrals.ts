import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { BootId, ContainerId, Counter } from '@bulkhead/model';
import { z } from 'zod';
import { StoredIntegrals } from './integrals.ts';

/** What one container's integrals are worth knowing for: which life of its cgroup they belong to, and the last record's time. */
export const KeptIntegrals = z.object({
  cgroupIno: Counter,
  integrals: StoredIntegrals,
  /** boottimeMsec of its last record: the next one's must be higher. */
  recordedMsec: Counter.optional(),
  /** Counters of its final record, where one was written. */
  finalCounters: z.string().optional(),
});
export type KeptIntegrals = z.infer<typeof KeptIntegrals>;

const File = z.object({ version: z.literal(1), bootId: BootId, containers: z.record(ContainerId, KeptIntegrals) });

/** Integrals of all containers in one file below /run, so in memory: what the agent's death must not cost. */
export class KeptIntegralsFile {
  readonly #path: string;
  readonly #bootId: BootId;
  constructor(path: string, bootId: BootId) {
    this.#path = path;
    this.#bootId = bootId;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  }

  /** Empty where there is none of this boot; a file that cannot be read costs integrals, which are then flagged as not measured. */
  read(): Map<ContainerId, KeptIntegrals> {
    try {
      const file = File.parse(JSON.parse(readFileSync(this.#path, 'utf8')));
      return file.bootId === this.#bootId ? new Map(Object.entries(file.containers)) : new Map();
    } catch {
      return new Map();
    }
  }

  /** Replaces the file in one step. */
  write(containers: Iterable<readonly [ContainerId, KeptIntegrals]>): void {
    const text = JSON.stringify({ version: 1, bootId: this.#bootId, containers: Object.fromEntries(containers) });
    writeFileSync(`${this.#path}.new`, text, { mode: 0o600 });
    renameSync(`${this.#path}.new`, this.#path);
  }
}
