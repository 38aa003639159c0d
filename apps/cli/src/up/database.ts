import { rmSync } from 'node:fs';
import { Problem, type ServiceConfig } from '@bulkhead/model';
import type { Environment } from '../env.ts';
import type { Instance } from '../instance/locate.ts';
import { asUser, embeddedUrl, ensureDataDirectory, isServing, serverCommand, writeAccessFiles } from './embedded-database.ts';
import { cleanEnvironment } from './environment.ts';
import { LastLines } from './last-lines.ts';
import { nodeProgram } from './node-program.ts';
import type { MountedProgram } from './program/program-mount.ts';
import type { Progress } from './progress.ts';
import { tryCommandAsync } from './run-command.ts';
import { ensureRolePasswords, type RolePasswords } from './secrets.ts';
import type { Service } from './service.ts';
import type { Supervisor } from './supervisor.ts';
import type { InstanceAccounts } from './users.ts';
import { writeFileAtomically } from './write-file.ts';

export interface DatabaseUrls {
  web: string;
  collector: string;
}

interface Context {
  instance: Instance;
  program: MountedProgram;
  accounts: InstanceAccounts;
  environment: Environment;
  supervisor: Supervisor;
  progress: Progress;
  /** What every service's configuration begins with. */
  common: Omit<ServiceConfig, 'service'>;
}

async function startEmbedded({ instance, program, accounts, supervisor, progress }: Context): Promise<void> {
  const { paths } = instance;
  progress.step('starting the database');
  await ensureDataDirectory(paths, accounts.database, program.directory);
  const access = await writeAccessFiles(paths, instance.instance, accounts.database);
  const held: { service?: Service } = {};
  const service = supervisor.start({
    name: 'database',
    command: serverCommand(paths, accounts.database, access, program.directory),
    environment: {
      PATH: '/usr/bin:/bin',
      LANG: 'C.UTF-8',
      TZ: 'UTC',
      PG_OOM_ADJUST_FILE: '/proc/self/oom_score_adj',
      PG_OOM_ADJUST_VALUE: '0',
    },
    logFile: `${paths.logs}/database.log`,
    stopSignal: 'SIGINT',
    graceMsec: 20_000,
    probe: async () => isServing(paths, held.service?.record.process?.pid),
    readyWithinMsec: 60_000,
    oomScoreAdjust: -800,
  });
  held.service = service;
  try {
    await service.waitUntilReady();
  } catch (failure) {
    if (!(failure instanceof Problem)) throw failure;
    throw new Problem(failure.code, failure.message, {
      remedy: `${failure.remedy ?? ''}; where ${paths.databaseState} is damaged, restore it from a backup, or move it away to begin with an empty database`,
      cause: failure,
    });
  }
}

/** Applies the migrations as the owner, in a process of the database's user. */
async function migrate(context: Context, ownerUrl: string, passwords: RolePasswords | undefined): Promise<void> {
  const { instance, program, accounts, environment, supervisor, progress, common } = context;
  const { paths } = instance;
  progress.step('applying migrations');
  const { uid, gid } = accounts.database;
  const config = `${paths.run}/config/migration.json`;
  const passwordFile = `${paths.run}/config/role-passwords.json`;
  const owner = { mode: 0o400, uid, gid };
  const content: ServiceConfig = { ...common, service: 'database', databaseUrl: ownerUrl };
  try {
    await writeFileAtomically(config, JSON.stringify(content), owner);
    if (passwords !== undefined) await writeFileAtomically(passwordFile, JSON.stringify(passwords), owner);
    const result = await tryCommandAsync(
      [
        ...asUser(accounts.database),
        nodeProgram(program.directory),
        `${program.directory}/packages/db/dist/migrate.mjs`,
        `${program.directory}/prisma/migrations`,
      ],
      {
        environment: {
          ...cleanEnvironment(environment, { config, compileCache: `${paths.state}/cache/${uid}` }),
          ...(passwords === undefined ? {} : { BULKHEAD_ROLE_PASSWORDS_FILE: passwordFile }),
        },
        signal: supervisor.stopping,
      },
    );
    if (result.status !== 0) {
      const lines = new LastLines();
      lines.push(Buffer.from(`${result.stdout}\n${result.stderr}`));
      throw new Problem('unavailable', `the database cannot be used: ${lines.explain() ?? `the migration ended with ${result.status}`}`, {
        remedy:
          environment.databaseUrl === undefined
            ? `its log: ${paths.logs}/database.log`
            : 'check DATABASE_URL: the server must answer, and its user must own the database and be able to make roles',
      });
    }
  } finally {
    // They hold the owner's password.
    rmSync(config, { force: true });
    rmSync(passwordFile, { force: true });
  }
}

/** The same server and database under another role. */
export function withRole(url: string, role: string, password: string): string {
  const changed = new URL(url);
  changed.username = encodeURIComponent(role);
  changed.password = encodeURIComponent(password);
  return changed.href;
}

/** Brings the database up, embedded or another's, with all migrations applied, and tells how the services reach it. */
export async function bringDatabaseUp(context: Context): Promise<DatabaseUrls> {
  const { instance, environment, progress } = context;
  const { paths } = instance;
  if (environment.databaseUrl === undefined) {
    await startEmbedded(context);
    await migrate(context, embeddedUrl(paths, 'bulkhead_owner'), undefined);
    return { web: embeddedUrl(paths, 'bulkhead_web'), collector: embeddedUrl(paths, 'bulkhead_collector') };
  }
  progress.step('connecting to the database of DATABASE_URL');
  const passwords = await ensureRolePasswords(`${paths.state}/role-passwords.json`);
  await migrate(context, environment.databaseUrl, passwords);
  return {
    web: withRole(environment.databaseUrl, `bulkhead_web_${instance.instance}`, passwords.web),
    collector: withRole(environment.databaseUrl, `bulkhead_collector_${instance.instance}`, passwords.collector),
  };
}
