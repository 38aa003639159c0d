import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash, generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ingest } from '@bulkhead/db';
import { instancePaths, type ServiceConfig } from '@bulkhead/model';
import { type FreshDatabase, freshDatabase } from '../../../packages/db/test/fresh-database.ts';
import { startPostgres } from '../postgres.ts';
import { startTestAgent, type TestAgent } from './agent.ts';

/** The web service as a process of its own, with a database and a test agent behind it. */
export interface TestWeb {
  readonly origin: string;
  readonly controlSocket: string;
  readonly setupFile: string;
  readonly setupToken: string;
  readonly database: FreshDatabase;
  readonly agent: TestAgent;
  readonly config: ServiceConfig & { authSecretFile: string };
  readonly pid: number;
  /** Answers when the agent's journal so far is in the database. */
  stored(): Promise<void>;
  /** Everything it wrote so far. */
  log(): string;
  [Symbol.asyncDispose](): Promise<void>;
}

const startWithinMsec = 60_000;

async function serving(child: ChildProcess, log: () => string): Promise<number> {
  const deadline = Date.now() + startWithinMsec;
  for (;;) {
    const line = log()
      .split('\n')
      .find((text) => text.includes('"msg":"serving"'));
    if (line !== undefined) return JSON.parse(line).address.port;
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`the web service did not start: ${log()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function selfSigned(directory: string): { certificateFile: string; keyFile: string } {
  const [certificateFile, keyFile] = [join(directory, 'tls.crt'), join(directory, 'tls.key')];
  const request = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '1',
    '-subj',
    '/CN=127.0.0.1',
  ];
  execFileSync('openssl', [...request, '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', keyFile, '-out', certificateFile], {
    stdio: 'ignore',
  });
  return { certificateFile, keyFile };
}

export interface TestWebOptions {
  port?: number;
  /** The program and the Node that runs it; the source and the test's own where absent. */
  program?: string;
  node?: string;
  /** Runs as this user and group, who own what it may write and nothing else. */
  uid?: number;
  /** Serves HTTPS with a certificate of its own. */
  tls?: boolean;
}

export async function startTestWeb(options: TestWebOptions = {}): Promise<TestWeb> {
  // Whatever is there when a step fails is taken away again, last first.
  await using stack = new AsyncDisposableStack();
  const stateDirectory = mkdtempSync(join(tmpdir(), 'bulkhead-web-'));
  stack.defer(() => rmSync(stateDirectory, { recursive: true, force: true }));
  const instance = `f${randomBytes(1).toString('hex')}`;
  const paths = instancePaths(stateDirectory, instance);
  stack.defer(() => rmSync(paths.run, { recursive: true, force: true }));
  const hostId = randomUUID();
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const agent = await startTestAgent({
    socketPath: paths.agentSocket,
    hostId,
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  });
  stack.defer(() => agent.crash());
  const server = stack.use(await startPostgres());
  const database = stack.use(await freshDatabase(server));
  const file = (name: string, content: string) => {
    const path = join(stateDirectory, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  };
  const setupToken = randomBytes(32).toString('base64url');
  const setupFile = file(
    'setup.json',
    JSON.stringify({ tokenSha256: createHash('sha256').update(setupToken).digest('hex'), expiresAtMsec: Date.now() + 3_600_000 }),
  );
  const config: TestWeb['config'] = {
    service: 'web',
    version: '0.0.0-test',
    instance,
    hostId,
    stateDirectory,
    databaseUrl: database.url('bulkhead_web'),
    signingKeyFile: file('signing-key.pem', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()),
    authSecretFile: file('auth-secret', randomBytes(32).toString('base64url')),
    listen: { address: '127.0.0.1', port: options.port ?? 0 },
    setupFile,
    ...(options.tls === true ? { tls: selfSigned(stateDirectory) } : {}),
  };
  // What the collector does, in its simplest form: the agent's journal goes into the database as it grows.
  let stored = 0;
  let storing = Promise.resolve();
  const collect = setInterval(() => {
    storing = storing.then(async () => {
      const entries = agent.journal.slice(stored, stored + 1000);
      if (entries.length === 0) return;
      ({ seq: stored } = await ingest(database.collector, { hostId, after: stored, entries }));
    });
  }, 50);
  stack.defer(async () => {
    clearInterval(collect);
    await storing;
  });
  const until = async (): Promise<void> => {
    const wanted = agent.journal.length;
    while (stored < wanted) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  const program = options.program ?? join(import.meta.dirname, '../../../apps/web/src/main.ts');
  const configFile = file('web.json', JSON.stringify(config));
  const owner = options.uid === undefined ? {} : { uid: options.uid, gid: options.uid };
  if (options.uid !== undefined) {
    const { uid } = options;
    mkdirSync(dirname(paths.controlSocket), { recursive: true });
    const own = [stateDirectory, ...readdirSync(stateDirectory).map((name) => join(stateDirectory, name)), dirname(paths.controlSocket)];
    for (const path of own) chownSync(path, uid, uid);
    chmodSync(paths.agentSocket, 0o666);
  }
  const child = spawn(options.node ?? process.execPath, [program], {
    env: { PATH: process.env.PATH, BULKHEAD_CONFIG: configFile, NODE_ENV: 'production' },
    ...owner,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // Also where the test itself fails hard.
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  stack.defer(async () => {
    process.off('exit', end);
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    await new Promise((resolve) => child.once('exit', resolve));
  });
  let written = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (written += text));
  const port = await serving(child, () => written);
  const held = stack.move();
  return {
    origin: `${options.tls === true ? 'https' : 'http'}://127.0.0.1:${port}`,
    controlSocket: paths.controlSocket,
    setupFile,
    setupToken,
    database,
    agent,
    config,
    get pid() {
      return child.pid ?? 0;
    },
    stored: until,
    log: () => written,
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}
