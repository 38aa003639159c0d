import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { CountKind } from '@bulkhead/cgroup';
import { BootId, ContainerId } from '@bulkhead/model';
import { z } from 'zod';

const Counts = z.object({ oomKills: z.number().int().nonnegative(), pidsRefusals: z.number().int().nonnegative() });
type Counts = z.infer<typeof Counts>;
const File = z.object({ version: z.literal(1), bootId: BootId, containers: z.record(ContainerId, Counts) });

/** What was told of each container, below /run, so in memory: what happens while the agent is away is told when it is back, and nothing twice. */
export class ToldCounts {
  readonly #path: string;
  readonly #bootId: BootId;
  readonly #counts: Map<ContainerId, Counts>;

  constructor(path: string, bootId: BootId) {
    this.#path = path;
    this.#bootId = bootId;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    this.#counts = this.#read();
  }

  #read(): Map<ContainerId, Counts> {
    try {
      const file = File.parse(JSON.parse(readFileSync(this.#path, 'utf8')));
      return file.bootId === this.#bootId ? new Map(Object.entries(file.containers)) : new Map();
    } catch {
      return new Map();
    }
  }

  get(id: ContainerId): Counts {
    return this.#counts.get(id) ?? { oomKills: 0, pidsRefusals: 0 };
  }

  add(id: ContainerId, kind: CountKind, count: number): void {
    const before = this.get(id);
    this.#counts.set(id, { ...before, [kind]: before[kind] + count });
    this.#write();
  }

  forget(id: ContainerId): void {
    if (this.#counts.delete(id)) this.#write();
  }

  /** Replaces the file in one step. */
  #write(): void {
    const text = JSON.stringify({ version: 1, bootId: this.#bootId, containers: Object.fromEntries(this.#counts) });
    writeFileSync(`${this.#path}.new`, text, { mode: 0o600 });
    renameSync(`${this.#path}.new`, this.#path);
  }
}
