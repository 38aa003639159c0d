import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { InstancePaths } from '@bulkhead/model';
import { runCommand, tryCommand } from '../run-command.ts';
import { type PublishedProgram, publishProgram } from './publish.ts';

/** Mount points at or below a path, deepest last (proc_pid_mountinfo(5), field 5). */
export function mountsBelow(path: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => (line.split(' ')[4] ?? '').replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8))))
    .filter((point) => point === path || point.startsWith(`${path}/`));
}

/** A version of the program as services see it. */
export interface MountedProgram {
  id: string;
  /** Where it is mounted. */
  directory: string;
}

/**
 * Shows a version read-only at a public path: services that are not root reach it wherever the state directory lies, and
 * nothing that runs from it can write to it.
 */
export function mountProgram(paths: InstancePaths, { id }: Pick<PublishedProgram, 'id'>): MountedProgram {
  const directory = join(paths.programMounts, id);
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  if (!mountsBelow(directory).includes(directory))
    // `exec`: a state directory may be on a file system where nothing is to be run.
    runCommand(['mount', '--bind', '--options', 'ro,nosuid,nodev,exec', join(paths.programs, id), directory]);
  return { id, directory };
}

/** Publishes what the checkout holds now, and mounts it. */
export function takeProgram(paths: InstancePaths, root: string): MountedProgram & { isNew: boolean } {
  mkdirSync(paths.programs, { recursive: true, mode: 0o711 });
  const published = publishProgram(root, paths.programs);
  return { ...mountProgram(paths, published), isNew: published.isNew };
}

/** A version that was published before, where it is still there. */
export function findProgram(paths: InstancePaths, id: string | undefined): MountedProgram | undefined {
  return id !== undefined && existsSync(join(paths.programs, id)) ? mountProgram(paths, { id }) : undefined;
}

/** Takes a mount away unless a process still runs from it: the kernel knows (umount(2), EBUSY). */
function unmountUnused(point: string): boolean {
  for (const mounted of mountsBelow(point).reverse()) if (tryCommand(['umount', mounted]).status !== 0) return false;
  return true;
}

/**
 * Removes every version but one that nobody runs from any more: the launcher outlives `up` and may be of an older one.
 *
 * @returns the versions that are still run from
 */
export async function removeUnusedPrograms(paths: InstancePaths, current: string): Promise<string[]> {
  const inUse: string[] = [];
  for (const id of existsSync(paths.programs) ? readdirSync(paths.programs) : []) {
    if (id === current) continue;
    const point = join(paths.programMounts, id);
    if (!unmountUnused(point)) {
      inUse.push(id);
      continue;
    }
    if (existsSync(point)) rmdirSync(point);
    await rm(join(paths.programs, id), { recursive: true, force: true });
  }
  return inUse;
}

const lookAgainMsec = 20_000;

/** The same, again and again until no other version is left: a launcher moves on while `up` runs. */
export async function keepOneProgram(paths: InstancePaths, current: string, signal: AbortSignal): Promise<void> {
  while ((await removeUnusedPrograms(paths, current)).length > 0) {
    await delay(lookAgainMsec, undefined, { signal, ref: false }).catch(() => {});
    if (signal.aborted) return;
  }
}

/** Takes away every mount below a path, however often mounted. */
export function unmountBelow(path: string): void {
  for (const point of mountsBelow(path).reverse()) {
    if (tryCommand(['umount', point]).status !== 0) runCommand(['umount', '--lazy', point]);
  }
}
