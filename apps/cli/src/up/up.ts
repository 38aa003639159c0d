import { existsSync, readFileSync, rmSync } from 'node:fs';
import { Problem, type ServiceConfig, type ServiceName } from '@bulkhead/model';
import { createControlClient } from '../client/clients.ts';
import type { Environment } from '../env.ts';
import { ExitRequest, reportFailure, toProblem } from '../failure.ts';
import { type Instance, readInstance } from '../instance/locate.ts';
import { isAlive } from '../instance/process-identity.ts';
import { readSupervisorRecord } from '../instance/supervisor-file.ts';
import { print } from '../output/print.ts';
import { version } from '../version.ts';
import { hasProcesses } from './cgroups.ts';
import { ensureInstance } from './create-instance.ts';
import { bringDatabaseUp } from './database.ts';
import { ensureDebianPackages } from './debian-packages.ts';
import { checkReachable, emptyCaches, ensureLayout, ensureStateDirectory, workDirectoryOf } from './layout.ts';
import { isLoopback, type ListenAddress, parseListen, reserveListen, urlOf } from './listen.ts';
import { lockStateDirectory } from './lock.ts';
import { keepOneProgram, type MountedProgram, takeProgram } from './program/program-mount.ts';
import { programRoot } from './program/program-root.ts';
import { Progress } from './progress.ts';
import { removeRuntime } from './remove-runtime.ts';
import { ensureSecrets, type SecretFiles } from './secrets.ts';
import { agentPlan, collectorPlan, launcherPlan, webPlan } from './services.ts';
import { writeSetupFile } from './setup-link.ts';
import { endStaleServices, Supervisor } from './supervisor.ts';
import { enterScope } from './systemd-scope.ts';
import { ensureTls, type TlsFiles } from './tls.ts';
import { ensureAccounts, type InstanceAccounts, type UserIds } from './users.ts';
import { exists, writeFileAtomically } from './write-file.ts';

export interface UpOptions {
  stateDirectory: string;
  environment: Environment;
  listen: string;
  tlsCert?: string;
  tlsKey?: string;
  web: boolean;
}

export function requireRoot(command: string): void {
  if (process.geteuid?.() !== 0)
    throw new Problem('forbidden', `./bulkhead ${command} must run as root`, { remedy: `sudo ./bulkhead ${command}` });
}

function requireUserNamespaces(): void {
  if (!existsSync('/proc/self/ns/user'))
    throw new Problem('unsupported', 'this kernel has no user namespaces', {
      remedy: 'containers need a kernel built with CONFIG_USER_NS=y',
    });
  const limit = '/proc/sys/user/max_user_namespaces';
  if (existsSync(limit) && readFileSync(limit, 'utf8').trim() === '0')
    throw new Problem('unsupported', 'user namespaces are switched off on this host', {
      remedy: 'sysctl -w user.max_user_namespaces=15000',
    });
}

/** A copied state directory bears the name of its original. */
function refuseForeignSupervisor({ paths, stateDirectory, instance }: Instance): void {
  const record = readSupervisorRecord(paths.supervisorFile);
  if (record === undefined || record.stateDirectory === stateDirectory || !isAlive(record.supervisor)) return;
  throw new Problem('conflict', `instance ${instance} is up already from ${record.stateDirectory}, process ${record.supervisor.pid}`, {
    remedy: `${stateDirectory} seems to be a copy of it: end that one first, or remove ${paths.instanceFile} to make this one another instance`,
  });
}

interface Prepared {
  instance: Instance;
  program: MountedProgram;
  accounts: InstanceAccounts;
  secrets: SecretFiles;
  common: Omit<ServiceConfig, 'service'>;
  listen: ListenAddress;
  /** The group that systemd delegated, where it runs this host. */
  delegatedCgroup: string | undefined;
  /** True where nothing of it was under /run before: no container of an earlier run can be known there. */
  isFreshRuntime: boolean;
}

/** What must be right before anything is made: the place, the lock, the port. A first run that fails here leaves nothing. */
async function claim(options: UpOptions, wanted: ListenAddress, progress: Progress): Promise<ListenAddress> {
  const { stateDirectory } = options;
  const isNew = !exists(stateDirectory);
  await ensureStateDirectory(stateDirectory);
  try {
    if (options.web) checkReachable(stateDirectory);
    lockStateDirectory(stateDirectory, 'up');
    const known = readInstance(stateDirectory);
    if (known !== undefined) {
      refuseForeignSupervisor(known);
      // What the last run left may hold the port.
      const stale = await endStaleServices(known);
      if (stale.length > 0) progress.note(`the last up was killed; ended what it left: ${stale.join(', ')}`);
    }
    return options.web ? await reserveListen(wanted) : wanted;
  } catch (failure) {
    if (isNew) rmSync(stateDirectory, { recursive: true, force: true });
    throw failure;
  }
}

async function prepare(options: UpOptions, wanted: ListenAddress, progress: Progress): Promise<Prepared> {
  const { stateDirectory } = options;
  const listen = await claim(options, wanted, progress);
  ensureDebianPackages(progress);
  progress.step('preparing');
  const instance = await ensureInstance(stateDirectory);
  const delegatedCgroup = await enterScope(instance.instance);
  const accounts = ensureAccounts(instance.instance);
  const { paths } = instance;
  const isFreshRuntime = !exists(paths.run);
  await ensureLayout(paths, accounts);
  const secrets = await ensureSecrets(paths, accounts, workDirectoryOf(paths));
  const program = takeProgram(paths, programRoot);
  // What was compiled from an earlier version is of no use to this one.
  if (program.isNew) emptyCaches(paths);
  return {
    instance,
    program,
    accounts,
    secrets,
    listen,
    isFreshRuntime,
    delegatedCgroup,
    common: { version, instance: instance.instance, hostId: instance.hostId, stateDirectory, retention: options.environment.retention },
  };
}

async function writeConfig(
  prepared: Prepared,
  service: ServiceName,
  owner: UserIds | undefined,
  own: Partial<ServiceConfig>,
): Promise<void> {
  const content: ServiceConfig = { ...prepared.common, service, ...own };
  await writeFileAtomically(prepared.instance.paths.config(service), `${JSON.stringify(content, null, 2)}\n`, {
    mode: 0o400,
    uid: owner?.uid ?? 0,
    gid: owner?.gid ?? 0,
  });
}

async function startHostServices(prepared: Prepared, options: UpOptions, supervisor: Supervisor, progress: Progress): Promise<void> {
  const { instance, program, secrets, delegatedCgroup } = prepared;
  const context = { instance, program, environment: options.environment };
  await writeConfig(prepared, 'launcher', undefined, {});
  await writeConfig(prepared, 'agent', undefined, {
    verifyKeysFile: secrets.verifyKeys,
    ...(delegatedCgroup === undefined ? {} : { delegatedCgroup }),
  });
  progress.step('starting the launcher');
  await supervisor.start(launcherPlan(context)).waitUntilReady();
  progress.step('starting the agent');
  await supervisor.start(agentPlan(context)).waitUntilReady();
}

/** The link for the first administrator, as long as there is none. */
async function makeSetupLink(prepared: Prepared, url: string): Promise<string | undefined> {
  const { paths } = prepared.instance;
  const { needed } = await createControlClient(paths.controlSocket).setup.state.query({});
  if (!needed) return undefined;
  const token = await writeSetupFile(`${paths.webState}/setup.json`, prepared.accounts.web, workDirectoryOf(paths));
  return `${url}/setup?token=${token}`;
}

/** Everything, in the order in which it needs itself. Resolves when all of it answers. */
async function bringUp(
  options: UpOptions,
  wanted: ListenAddress,
  supervised: (supervisor: Supervisor, prepared: Prepared) => void,
  progress: Progress,
): Promise<void> {
  const prepared = await prepare(options, wanted, progress);
  const { instance, program, accounts, secrets, common, listen } = prepared;
  const { paths } = instance;
  const { environment } = options;
  const supervisor = new Supervisor(instance, program.id, progress);
  supervised(supervisor, prepared);
  const sweep = () => {
    keepOneProgram(paths, program.id, supervisor.stopping).catch((failure: unknown) =>
      progress.note(`an earlier version of the program cannot be removed: ${toProblem(failure).message}`),
    );
  };

  if (!options.web) {
    await startHostServices(prepared, options, supervisor, progress);
    supervisor.setUrl(`unix:${paths.agentSocket}`);
    progress.done();
    print(`ready unix:${paths.agentSocket}\n`);
    sweep();
    return;
  }

  let tls: TlsFiles | undefined;
  if (!isLoopback(listen)) {
    const made = await ensureTls({
      listen,
      given: { certificate: options.tlsCert, key: options.tlsKey },
      directory: paths.webState,
      owner: accounts.web,
      workDirectory: workDirectoryOf(paths),
    });
    tls = { certificateFile: made.certificateFile, keyFile: made.keyFile };
    if (made.selfSigned) progress.note(`the certificate is self-signed; browsers will ask. Its SHA-256 fingerprint: ${made.fingerprint}`);
  }

  // The database needs none of the host's services, so that both come up at once.
  const [, urls] = await Promise.all([
    startHostServices(prepared, options, supervisor, progress),
    bringDatabaseUp({ instance, program, accounts, environment, supervisor, progress, common }),
  ]);
  await writeConfig(prepared, 'collector', accounts.collector, {
    databaseUrl: urls.collector,
    signingKeyFile: secrets.collectorSigningKey,
  });
  await writeConfig(prepared, 'web', accounts.web, {
    databaseUrl: urls.web,
    signingKeyFile: secrets.webSigningKey,
    authSecretFile: secrets.authSecret,
    listen,
    setupFile: `${paths.webState}/setup.json`,
    ...(tls === undefined ? {} : { tls }),
  });
  progress.step('starting collector and dashboard');
  const collector = supervisor.start(collectorPlan({ instance, program, environment }, accounts));
  const web = supervisor.start(webPlan({ instance, program, environment }, accounts, listen));
  await Promise.all([collector.waitUntilReady(), web.waitUntilReady()]);
  const url = urlOf(listen);
  const link = await makeSetupLink(prepared, url);
  supervisor.setUrl(url);
  progress.done();
  print(`ready ${url}\n`);
  if (link !== undefined) print(`set up the first administrator, once and within an hour: ${link}\n`);
  sweep();
}

/** `up`: brings everything up and stays until a signal ends it. */
export async function up(options: UpOptions): Promise<void> {
  requireRoot('up');
  const wanted = parseListen(options.listen);
  if (isLoopback(wanted) && (options.tlsCert !== undefined || options.tlsKey !== undefined))
    throw new Problem('invalid', '--tls-cert and --tls-key are for addresses beyond loopback', { remedy: 'add --listen 0.0.0.0:8470' });
  requireUserNamespaces();
  process.umask(0o022);
  const progress = new Progress();

  const held: { supervisor?: Supervisor; prepared?: Prepared } = {};
  const ended = Promise.withResolvers<void>();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => ended.resolve());

  const coming = bringUp(
    options,
    wanted,
    (supervisor, prepared) => {
      held.supervisor = supervisor;
      held.prepared = prepared;
    },
    progress,
  );
  // Once a signal came, what it was still doing may fail as it likes.
  coming.catch(() => {});
  let exitCode = 0;
  try {
    await Promise.race([coming, ended.promise]);
    await ended.promise;
  } catch (failure) {
    progress.done();
    exitCode = reportFailure(failure);
  }
  await held.supervisor?.stop();
  // A start that failed leaves nothing half made; what an earlier run had stays.
  if (exitCode !== 0 && held.prepared?.isFreshRuntime === true && !hasProcesses(held.prepared.instance.instance))
    await removeRuntime(held.prepared.instance);
  throw new ExitRequest(exitCode);
}
