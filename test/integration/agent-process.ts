import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { hashInput, type Statement, signStatement, statementHeader } from '@bulkhead/api/statement';
import { type InstancePaths, ServiceConfig } from '@bulkhead/model';
import { boundMsec, isEmulated } from '../support/emulation.ts';

/** The agent from source; where reading 200 source files takes ten seconds, from the bundle, as services run it. */
export const agentProgram = join(import.meta.dirname, '../../apps/agent', isEmulated ? 'dist/main.mjs' : 'src/main.ts');
const readyWithinMsec = boundMsec(20_000);

/** On whose behalf a call is made. */
export type As =
  /** Root on this host, without a statement. */
  | { kind: 'local-root' }
  /** Another user of this host, without a statement. */
  | { kind: 'anonymous' }
  | { kind: 'statement'; role: Statement['role']; tenants: Statement['tenants']; facts?: Partial<Statement> };

export interface Answer {
  status: number;
  /** `result.data` of the answer. */
  data: unknown;
  error: { message: string; data: { problem: string; remedy?: string; reference?: string; code: string } } | undefined;
  text: string;
}

/** A real agent in a process of its own, run from source, over the launcher of a throw-away instance. */
export class AgentProcess implements AsyncDisposable {
  readonly hostId: string;
  readonly #paths: InstancePaths;
  readonly #keys = { web: generateKeyPairSync('ed25519'), collector: generateKeyPairSync('ed25519') };
  #child: ChildProcess | undefined;
  /** Lines of the agent's log, of all its lives. */
  readonly log: string[] = [];

  constructor(instance: { instance: string; paths: InstancePaths }) {
    this.#paths = instance.paths;
    const file = instance.paths.config('agent');
    const verifyKeysFile = `${instance.paths.agentState}/verify-keys.json`;
    const { hostId } = JSON.parse(readFileSync(instance.paths.config('launcher'), 'utf8')) as { hostId: string };
    this.hostId = hostId;
    const config: ServiceConfig = {
      service: 'agent',
      version: '0.0.0',
      instance: instance.instance,
      hostId,
      stateDirectory: instance.paths.state,
      verifyKeysFile,
    };
    writeFileSync(file, JSON.stringify(ServiceConfig.parse(config)));
    const pem = (name: 'web' | 'collector') => this.#keys[name].publicKey.export({ type: 'spki', format: 'pem' }).toString();
    mkdirSync(instance.paths.agentState, { recursive: true });
    writeFileSync(
      verifyKeysFile,
      JSON.stringify([
        { name: 'web', publicKeyPem: pem('web'), roles: ['administrator', 'member'] },
        { name: 'collector', publicKeyPem: pem('collector'), roles: ['collector'] },
      ]),
    );
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error('the agent does not run');
    return this.#child.pid;
  }

  /**
   * Starts it and waits until it knows its containers; with `ready` false, only until it has ended or serves.
   *
   * @param options.program another program of the same agent, with its arguments
   */
  async start(options: { ready?: boolean; program?: readonly string[] } = {}): Promise<void> {
    const child = spawn(process.execPath, options.program ?? [agentProgram], {
      env: { PATH: process.env.PATH ?? '', BULKHEAD_CONFIG: this.#paths.config('agent') },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => this.log.push(...chunk.toString('utf8').split('\n').filter(Boolean)));
    const wanted = options.ready === false ? 'agent serves' : 'containers taken up';
    const begin = this.log.length;
    const until = performance.now() + readyWithinMsec;
    while (!this.log.slice(begin).some((line) => line.includes(wanted))) {
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`the agent ended with ${child.exitCode ?? child.signalCode}: ${this.log.slice(begin).join('\n')}`);
      if (performance.now() > until) throw new Error(`not ready within ${readyWithinMsec} ms: ${this.log.slice(begin).join('\n')}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Ends it and waits for its end. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
    child.kill(signal);
    return ended;
  }

  /** Lets users outside the group try: production does not. */
  openToAll(): void {
    chmodSync(dirname(this.#paths.agentSocket), 0o755);
    chmodSync(this.#paths.agentSocket, 0o666);
  }

  statement(path: string, input: unknown, as: Extract<As, { kind: 'statement' }>): string {
    const issuedAtMsec = Date.now();
    const statement: Statement = {
      version: 1,
      audience: this.hostId,
      subject: as.role === 'collector' ? { kind: 'service', id: 'collector', name: 'collector' } : { kind: 'user', id: 'u1', name: 'Ada' },
      role: as.role,
      tenants: as.tenants,
      procedure: path,
      inputHash: hashInput(input),
      jti: randomUUID(),
      issuedAtMsec,
      expiresAtMsec: issuedAtMsec + 30_000,
      ...as.facts,
    };
    return signStatement(statement, this.#keys[as.role === 'collector' ? 'collector' : 'web'].privateKey);
  }

  #send(kind: 'query' | 'mutation' | 'subscription', path: string, input: unknown, as: As, statement?: string): Promise<IncomingMessage> {
    const text = input === undefined ? undefined : JSON.stringify(input);
    const isPost = kind === 'mutation';
    const header = statement ?? (as.kind === 'statement' ? this.statement(path, input, as) : undefined);
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          method: isPost ? 'POST' : 'GET',
          path: `/${path}${!isPost && text !== undefined ? `?input=${encodeURIComponent(text)}` : ''}`,
          headers: {
            ...(header === undefined ? {} : { [statementHeader]: header }),
            ...(isPost ? { 'content-type': 'application/json' } : {}),
            accept: kind === 'subscription' ? 'text/event-stream' : 'application/json',
          },
          createConnection: () => {
            if (as.kind !== 'anonymous') return connect(this.#paths.agentSocket);
            // SO_PEERCRED is who connects, at that moment (unix(7)); connect to a path is made at once.
            process.seteuid?.(65_534);
            try {
              return connect(this.#paths.agentSocket);
            } finally {
              process.seteuid?.(0);
            }
          },
        },
        resolve,
      );
      sent.once('error', reject);
      sent.end(isPost ? (text ?? '') : undefined);
    });
  }

  async call(
    kind: 'query' | 'mutation',
    path: string,
    input: unknown,
    as: As = { kind: 'local-root' },
    statement?: string,
  ): Promise<Answer> {
    const response = await this.#send(kind, path, input, as, statement);
    let text = '';
    for await (const chunk of response) text += String(chunk);
    const parsed = JSON.parse(text) as { result?: { data: unknown }; error?: Answer['error'] };
    return { status: response.statusCode ?? 0, data: parsed.result?.data, error: parsed.error, text };
  }

  /** Like `call`, for what must succeed. */
  async must<T = unknown>(kind: 'query' | 'mutation', path: string, input?: unknown, as?: As): Promise<T> {
    const { data, error } = await this.call(kind, path, input, as);
    if (error !== undefined) throw new Error(`${path}: ${error.message} (${error.data.problem})`);
    return data as T;
  }

  /** Items of a stream; a failure, also one that ends it, is thrown as an Error whose cause is the answer's error. */
  async *stream(path: string, input: unknown, as: As = { kind: 'local-root' }, signal?: AbortSignal): AsyncGenerator<unknown> {
    const response = await this.#send('subscription', path, input, as);
    const leave = () => response.destroy();
    signal?.addEventListener('abort', leave, { once: true });
    const fail = (error: Answer['error']): never => {
      throw new Error(error?.message ?? 'failed', { cause: error });
    };
    let text = '';
    try {
      for await (const chunk of response) {
        text += String(chunk);
        if (!response.headers['content-type']?.startsWith('text/event-stream')) continue;
        for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
          const lines = text.slice(0, end).split('\n');
          text = text.slice(end + 2);
          const field = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
          const event = field('event') ?? 'message';
          const data = field('data');
          if (event === 'serialized-error') fail(JSON.parse(data ?? '{}') as Answer['error']);
          if (event === 'return') return;
          if (event === 'message' && data !== undefined) yield JSON.parse(data);
        }
      }
      if (text !== '') fail((JSON.parse(text) as { error: Answer['error'] }).error);
    } catch (failure) {
      if (signal?.aborted !== true) throw failure;
    } finally {
      signal?.removeEventListener('abort', leave);
      response.destroy();
    }
  }

  /** It was started, has not ended and serves. */
  get isRunning(): boolean {
    const { exitCode = 0, signalCode = null } = this.#child ?? {};
    return exitCode === null && signalCode === null && existsSync(this.#paths.agentSocket);
  }

  async removeContainers(): Promise<void> {
    const containers = await this.must<{ id: string }[]>('query', 'container.list').catch(() => []);
    for (const { id } of containers) await this.call('mutation', 'container.delete', { container: id, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isRunning) await this.removeContainers();
    await this.end('SIGTERM');
  }
}
