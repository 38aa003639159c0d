import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { Container, ContainerSpec, ExitStatus, NamespaceReference, ProcessIdentity } from '@bulkhead/model';
import { z } from 'zod';

/** A process started by exec in a running container. */
export const StoredExec = z.object({
  execId: z.string(),
  number: z.number(),
  pid: z.number(),
  terminal: z.boolean(),
  exitStatus: ExitStatus.optional(),
});
export type StoredExec = z.infer<typeof StoredExec>;

/**
 * What is known of a container between two lives of the agent: `<run>/containers/<id>/state.json`. In memory (/run), so
 * without a sync: a reboot ends the containers anyway. `operation` is the operations journal: what a crash interrupted.
 */
export const StoredContainer = z.object({
  version: z.literal(1),
  container: Container,
  spec: ContainerSpec,
  operation: z.enum(['creating', 'starting', 'deleting']).optional(),
  ids: z.object({ hostId: z.number(), size: z.number() }),
  process: ProcessIdentity.optional(),
  namespaces: z.array(NamespaceReference),
  execs: z.array(StoredExec),
});
export type StoredContainer = z.infer<typeof StoredContainer>;

const file = (directory: string): string => `${directory}/state.json`;

/** Replaces the file in one step: whoever reads sees the one before or this one, whole. */
export function writeState(directory: string, state: StoredContainer): void {
  writeFileSync(`${file(directory)}.new`, JSON.stringify(state), { mode: 0o600 });
  renameSync(`${file(directory)}.new`, file(directory));
}

export function makeStateDirectory(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
}

export function removeStateDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}

/** Ids that have a directory, and their state where it can be read: a directory without one is an operation that had only just begun. */
export function readStates(root: string): { id: string; state: StoredContainer | undefined }[] {
  mkdirSync(root, { recursive: true, mode: 0o700 });
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => {
      try {
        return { id: entry.name, state: StoredContainer.parse(JSON.parse(readFileSync(file(`${root}/${entry.name}`), 'utf8'))) };
      } catch {
        return { id: entry.name, state: undefined };
      }
    });
}

const ExitRecord = z.object({ pid: z.number(), exitStatus: ExitStatus, at: z.string(), droppedBytes: z.number() });

/** The exit that a launcher recorded in a process's directory, where it did. */
export function readExitRecord(directory: string): { exitStatus: ExitStatus; at: string } | undefined {
  try {
    return ExitRecord.parse(JSON.parse(readFileSync(`${directory}/exit.json`, 'utf8')));
  } catch {
    return undefined;
  }
}
