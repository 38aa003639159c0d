import { accessSync, constants, existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { type InstancePaths, Problem } from '@bulkhead/model';
import { keepInMemory } from './memory-mount.ts';
import type { InstanceAccounts } from './users.ts';
import { ensureDirectory } from './write-file.ts';

/** True for a directory that holds things and is no state directory: it is not ours to change or remove. */
export function isForeignDirectory(path: string): boolean {
  if (!existsSync(path)) return false;
  const names = readdirSync(path);
  // An up that failed at once leaves its lock alone.
  return !names.includes('instance.json') && names.some((name) => name !== 'lock');
}

/** Makes the state directory itself, with a line that names the cause where that cannot be. */
export async function ensureStateDirectory(stateDirectory: string): Promise<void> {
  try {
    if (isForeignDirectory(stateDirectory))
      throw new Problem('invalid', `--state-dir: ${stateDirectory} holds other things and is no state directory of bulkhead`, {
        remedy: 'give an empty directory, or one that does not exist yet',
      });
    await ensureDirectory(stateDirectory, { mode: 0o711 });
    accessSync(stateDirectory, constants.W_OK | constants.X_OK);
  } catch (failure) {
    if (failure instanceof Problem) throw failure;
    const { code, message } = failure as NodeJS.ErrnoException;
    const reasons: Record<string, string> = {
      EROFS: 'its file system is read-only',
      EACCES: 'writing there is not permitted',
      EPERM: 'writing there is not permitted',
      ENOTDIR: 'a part of the path is no directory',
      EEXIST: 'a file of that name is there',
      ENAMETOOLONG: 'the path is too long',
      ELOOP: 'it is a symbolic link',
      ENOENT: 'the kernel lets no directory be made there',
      ENOSPC: 'the disk is full',
    };
    throw new Problem(
      code === 'ENOSPC' ? 'exhausted' : 'invalid',
      `the state directory ${stateDirectory} cannot be used: ${reasons[code ?? ''] ?? message}`,
      {
        remedy: code === 'ENOSPC' ? 'free some space, then try again' : 'give another one: --state-dir /var/lib/bulkhead',
        cause: failure,
      },
    );
  }
}

/** The database, the dashboard and the collector run without root and must be able to reach their own directories. */
export function checkReachable(stateDirectory: string): void {
  for (let path = dirname(stateDirectory); ; path = dirname(path)) {
    const { mode } = statSync(path);
    if ((mode & 0o001) === 0)
      throw new Problem(
        'invalid',
        `the state directory ${stateDirectory} lies below ${path}, which is closed (mode ${(mode & 0o777).toString(8)}) to the users that the services run as`,
        {
          remedy: 'give another one, --state-dir /var/lib/bulkhead, or start with --no-web',
        },
      );
    if (path === '/') return;
  }
}

/** Directories that only root writes to, below which every temporary file is made. */
export const workDirectoryOf = (paths: InstancePaths): string => `${paths.state}/tmp`;

/** Every directory of an instance with its owner and mode. */
export async function ensureLayout(paths: InstancePaths, accounts: InstanceAccounts): Promise<void> {
  const { database, web, collector, groupGid } = accounts;
  const closed = { mode: 0o700 };
  await ensureDirectory('/run/bulkhead', { mode: 0o711 });
  await ensureDirectory(paths.run, { mode: 0o711 });
  keepInMemory(paths.run);
  await ensureDirectory(`${paths.run}/config`, { mode: 0o711 });
  await ensureDirectory(dirname(paths.launcherSocket), closed);
  await ensureDirectory(dirname(paths.agentSocket), { gid: groupGid, mode: 0o750 });
  await ensureDirectory(dirname(paths.controlSocket), { uid: web.uid, gid: web.gid, mode: 0o700 });
  // The group may look for the socket here; nobody else may even try to connect.
  await ensureDirectory(paths.databaseSocketDirectory, { uid: database.uid, gid: groupGid, mode: 0o750 });
  await ensureDirectory(paths.containers, closed);
  await ensureDirectory(workDirectoryOf(paths), closed);
  await ensureDirectory(paths.logs, closed);
  await ensureDirectory(paths.agentState, closed);
  await ensureDirectory(paths.containerLogs, closed);
  await ensureDirectory(paths.webState, { uid: web.uid, gid: web.gid, mode: 0o700 });
  await ensureDirectory(paths.collectorState, { uid: collector.uid, gid: collector.gid, mode: 0o700 });
  await ensureDirectory(paths.databaseState, { uid: database.uid, gid: database.gid, mode: 0o700 });
  await ensureDirectory(`${paths.state}/cache`, { mode: 0o711 });
  await ensureDirectory(`${paths.state}/cache/root`, closed);
  for (const owner of [database, web, collector])
    await ensureDirectory(`${paths.state}/cache/${owner.uid}`, { uid: owner.uid, gid: owner.gid, mode: 0o700 });
}

/** Forgets compiled code: Node keeps it by path, and each version of the program has paths of its own. No service may be running. */
export function emptyCaches(paths: InstancePaths): void {
  for (const user of readdirSync(`${paths.state}/cache`))
    for (const name of readdirSync(`${paths.state}/cache/${user}`))
      rmSync(`${paths.state}/cache/${user}/${name}`, { recursive: true, force: true });
}
