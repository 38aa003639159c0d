import { readFileSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { defaultStateDirectory, type InstancePaths, instancePaths, Problem } from '@bulkhead/model';

/** An instance as its state directory names it. */
export interface Instance {
  instance: string;
  hostId: string;
  stateDirectory: string;
  paths: InstancePaths;
}

/** Checks a state directory as people write it. */
export function checkStateDirectory(path: string): string {
  if (!isAbsolute(path))
    throw new Problem('invalid', `--state-dir: "${path}" is a relative path`, { remedy: 'give one that begins with /' });
  if (path.includes('\0') || path.includes('\n')) throw new Problem('invalid', '--state-dir: a path has no NUL and no line break');
  // PATH_MAX is 4096 with the final NUL; the longest name that we put below is some 100 bytes.
  if (Buffer.byteLength(path) > 3900 || path.split('/').some((name) => Buffer.byteLength(name) > 255))
    throw new Problem('invalid', '--state-dir: the path is too long for the kernel', {
      remedy: 'give one of less than 3900 bytes, each name at most 255',
    });
  return path.length > 1 ? path.replace(/\/+$/, '') : path;
}

/** `--state-dir`, else BULKHEAD_STATE_DIR, else /var/lib/bulkhead. */
export function chooseStateDirectory(option: string | undefined, environment: string | undefined): string {
  return checkStateDirectory(option ?? environment ?? defaultStateDirectory);
}

export const notRunning = (): Problem =>
  new Problem('unavailable', 'bulkhead is not running here', { remedy: 'start it as root: ./bulkhead up' });

/** Reads `<state>/instance.json`; undefined where there is none. */
export function readInstance(stateDirectory: string): Instance | undefined {
  const file = `${stateDirectory}/instance.json`;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (failure) {
    const { code } = failure as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code === 'EACCES')
      throw new Problem('forbidden', `${stateDirectory} is closed to you`, { remedy: 'run this as root', cause: failure });
    throw new Problem('internal', `${file} cannot be read (${code ?? String(failure)})`, { cause: failure });
  }
  const broken = (cause?: unknown) =>
    new Problem('invalid', `${file} is damaged`, { remedy: 'restore it from a backup, or give another --state-dir', cause });
  let parsed: { version?: unknown; instance?: unknown; hostId?: unknown };
  try {
    parsed = JSON.parse(text) as typeof parsed;
  } catch (failure) {
    throw broken(failure);
  }
  if (parsed.version !== 1)
    throw new Problem('unsupported', `${file} is of version ${String(parsed.version)}; this program knows version 1`, {
      remedy: 'use the program that wrote it',
    });
  const { instance, hostId } = parsed;
  if (typeof instance !== 'string' || !/^[0-9a-f]{3}$/.test(instance) || typeof hostId !== 'string') throw broken();
  return { instance, hostId, stateDirectory, paths: instancePaths(stateDirectory, instance) };
}

/** The instance that commands talk to; throws "not running" where no `up` ever was. */
export function locateInstance(stateDirectory: string): Instance {
  const instance = readInstance(stateDirectory);
  if (instance === undefined) throw notRunning();
  return instance;
}
