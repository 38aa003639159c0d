import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { TakingBack } from '@bulkhead/cgroup';
import { CgroupPath, Subject } from '@bulkhead/model';
import { z } from 'zod';
import { TakingBackRecord } from './taking-back-record.ts';

const Noted = z.object({ path: CgroupPath, subject: Subject.optional(), back: z.array(TakingBackRecord) });

/** A change of several files that is under way: who makes it to which group, and what takes it back. */
export interface NotedChange {
  path: CgroupPath;
  /** Absent where it is told elsewhere. */
  subject?: Subject | undefined;
  back: readonly TakingBack[];
}

/**
 * The one change that is under way, kept under /run beside the groups themselves: an agent that finds it was killed in the
 * midst of it.
 */
export class ChangeNote {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  /** Kept until it is disposed of. Cut short by a crash it is not understood: nothing was done by then. */
  keep(change: NotedChange): Disposable {
    mkdirSync(dirname(this.#file), { recursive: true });
    writeFileSync(this.#file, JSON.stringify(change), { mode: 0o600 });
    return { [Symbol.dispose]: () => this.forget() };
  }

  /** What the life before left; undefined where that ended between two changes. */
  find(): NotedChange | undefined {
    try {
      return Noted.parse(JSON.parse(readFileSync(this.#file, 'utf8')));
    } catch {
      return undefined;
    }
  }

  forget(): void {
    rmSync(this.#file, { force: true });
  }
}
