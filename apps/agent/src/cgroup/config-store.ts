import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { AppliedConfig, Place, TakingBack } from '@bulkhead/cgroup';
import { hasErrno } from '@bulkhead/kernel';
import { BootId, CgroupConfigName, longestCgroupConfig, Problem, Subject, Timestamp } from '@bulkhead/model';
import { z } from 'zod';
import { TakingBackRecord } from './taking-back-record.ts';

/** Configurations that are kept, at most. */
const mostConfigs = 64;

const PlaceOf = z.object({ version: z.union([z.literal(1), z.literal(2)]), controller: z.string(), path: z.string() });

/** What is known of a configuration beside its text. Of another boot than this one, all that it did is gone with the groups. */
const ConfigState = z.object({
  bootId: BootId,
  /** SHA-256 of the text that was applied: a file changed by hand is told. */
  hash: z.string(),
  importedAt: Timestamp.optional(),
  importedBy: z.string().optional(),
  appliedAt: Timestamp.optional(),
  trouble: z.string().optional(),
  made: z.array(PlaceOf),
  changed: z.array(z.object({ place: PlaceOf, file: z.string(), value: z.string(), before: z.string() })),
});
export type ConfigState = z.infer<typeof ConfigState> & AppliedConfig;
export type KnownState = ConfigState &
  (
    | { pending?: never }
    | {
        pending: true;
        previous?: ConfigState | undefined;
        back: TakingBack[];
        obsolete: Place[];
        subject: Subject;
        written: { path: string; keys: string[] }[];
      }
  );
export type PendingState = Extract<KnownState, { pending: true }>;

/**
 * While a text is being applied: what it is about to do and what takes that back, so that a crash in the midst of it leaves
 * all or nothing, and what held before. It is to be finished once its text is kept, and taken back before.
 */
const PendingRecord = ConfigState.extend({
  pending: z.literal(true),
  previous: ConfigState.optional(),
  back: z.array(TakingBackRecord),
  /** Groups that the text before had made, and that go. */
  obsolete: z.array(PlaceOf),
  /** Who asked for it, and the settings that it writes. */
  subject: Subject,
  written: z.array(z.object({ path: z.string(), keys: z.array(z.string()) })),
});
const AnyState = z.union([PendingRecord, ConfigState]);

const StateFile = z.object({ version: z.literal(1), configs: z.record(z.string(), AnyState) });

export const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Replaces a file in one step; once this returns, the disk has it. */
function replaceFile(path: string, text: string, mode: number): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  const fresh = `${path}.new`;
  writeFileSync(fresh, text, { mode, flush: true });
  renameSync(fresh, path);
}

/** Texts of configurations as files that people may read and edit, and what was made of them in the agent's own state. */
export class ConfigStore {
  readonly #directory: string;
  readonly #stateFile: string;

  constructor(directory: string, stateFile: string) {
    this.#directory = directory;
    this.#stateFile = stateFile;
  }

  fileOf(name: string): string {
    return `${this.#directory}/${name}.conf`;
  }

  /** Names of what is kept, in the order in which it is applied. */
  names(): string[] {
    let entries: string[];
    try {
      entries = readdirSync(this.#directory);
    } catch (failure) {
      if (hasErrno(failure, 'ENOENT')) return [];
      throw failure;
    }
    return entries
      .filter((entry) => entry.endsWith('.conf'))
      .map((entry) => entry.slice(0, -'.conf'.length))
      .filter((name) => CgroupConfigName.safeParse(name).success)
      .sort()
      .slice(0, mostConfigs);
  }

  /** @returns undefined where there is none of this name. @throws Problem('invalid') for a file that is larger than one may be */
  text(name: string): string | undefined {
    const file = this.fileOf(name);
    try {
      if (statSync(file).size > longestCgroupConfig)
        throw new Problem('invalid', `${file} is larger than ${longestCgroupConfig / 1024} KiB`, {
          remedy: 'divide it into several files',
        });
      return readFileSync(file, 'utf8');
    } catch (failure) {
      if (hasErrno(failure, 'ENOENT')) return undefined;
      throw failure;
    }
  }

  keep(name: string, text: string): void {
    replaceFile(this.fileOf(name), text, 0o644);
  }

  /** @throws Problem('exhausted') where there are too many already */
  checkRoom(name: string): void {
    const names = this.names();
    if (names.length === mostConfigs && !names.includes(name))
      throw new Problem('exhausted', `${mostConfigs} configurations are kept already`, {
        remedy: 'remove one: ./bulkhead cgroup configs lists them',
      });
  }

  forget(name: string): void {
    rmSync(this.fileOf(name), { force: true });
  }

  /** Empty where there is none, or it cannot be understood: configurations are then applied anew. */
  states(): Map<string, KnownState> {
    try {
      const { configs } = StateFile.parse(JSON.parse(readFileSync(this.#stateFile, 'utf8')));
      return new Map(Object.entries(configs));
    } catch {
      return new Map();
    }
  }

  putStates(states: ReadonlyMap<string, KnownState>): void {
    replaceFile(this.#stateFile, JSON.stringify({ version: 1, configs: Object.fromEntries(states) }), 0o600);
  }
}
