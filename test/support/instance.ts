import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { instancePaths } from '@bulkhead/model';

export const root = join(import.meta.dirname, '../..');
export const nodeProgram = join(root, `node_modules/node-linux-${process.arch}/bin/node`);
const commandLine = join(root, 'apps/cli/dist/main.mjs');

export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the command line to its end: the built program, as people run it, past the shell's part. */
export function bulkhead(
  args: readonly string[],
  options: { environment?: Record<string, string>; input?: string; commandLine?: string } = {},
): Finished {
  const { status, stdout, stderr } = spawnSync(nodeProgram, [options.commandLine ?? commandLine, ...args], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH ?? '/usr/bin:/bin', ...options.environment },
    input: options.input ?? '',
    maxBuffer: 64 * 1024 * 1024,
  });
  return { code: status, stdout, stderr };
}

/** Starts the command line and leaves it running, in a session of its own. */
export function startBulkhead(
  args: readonly string[],
  environment: Record<string, string> = {},
  program = commandLine,
): ChildProcess & { output(): string } {
  const child = spawn(nodeProgram, [program, ...args], {
    env: { PATH: process.env.PATH ?? '/usr/bin:/bin', ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
    });
  return Object.assign(child, { output: () => text });
}

/** Waits until something holds; throws what it was waiting for when the time is over. */
export async function eventually<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMsec = 20_000,
): Promise<T> {
  const until = Date.now() + timeoutMsec;
  for (;;) {
    const found = await probe();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > until) throw new Error(`not within ${timeoutMsec} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

export const ended = (child: ChildProcess): Promise<number | null> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve(child.exitCode)
    : new Promise((resolve) => child.once('exit', (code) => resolve(code)));

export interface TestInstance {
  readonly stateDirectory: string;
  /** `http://127.0.0.1:PORT`, or `unix:...` with --no-web. */
  readonly url: string;
  readonly setupLink: string | undefined;
  readonly instance: string;
  readonly paths: ReturnType<typeof instancePaths>;
  /** The supervisor. */
  readonly child: ChildProcess & { output(): string };
  /** The words that start the command line. */
  readonly commandLine: readonly string[];
  /** Runs a command on this instance. */
  run(...args: string[]): Finished;
  /** Pid of a service; throws where it does not run. */
  pidOf(service: string): number;
  /** `down --purge`: also after a test that failed, so that the host is left as it was. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Brings up a throw-away instance beside any other: a state directory, users, sockets and control groups of its own. */
export async function startInstance(
  options: {
    args?: readonly string[];
    environment?: Record<string, string>;
    stateDirectory?: string;
    /** Entry of another checkout's command line. */
    commandLine?: string;
  } = {},
): Promise<TestInstance> {
  const stateDirectory = options.stateDirectory ?? join(mkdtempSync(join(tmpdir(), 'bulkhead-test-')), 'state');
  const parent = stateDirectory.slice(0, stateDirectory.lastIndexOf('/'));
  // Services run as other users and must reach their own directories.
  if (parent.startsWith(tmpdir()) && parent !== tmpdir()) spawnSync('chmod', ['0711', parent]);
  const args = options.args ?? ['--listen', '127.0.0.1:0'];
  const program = options.commandLine ?? commandLine;
  const child = startBulkhead(['up', '--state-dir', stateDirectory, ...args], options.environment ?? {}, program);
  const dispose = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await ended(child);
    const { code, stderr } = bulkhead(['down', '--purge', '--state-dir', stateDirectory], { commandLine: program });
    if (parent.startsWith(join(tmpdir(), 'bulkhead-test-'))) rmSync(parent, { recursive: true, force: true });
    if (code !== 0) throw new Error(`down --purge failed: ${stderr}`);
  };
  try {
    const url = await eventually(
      'ready',
      () => {
        if (child.exitCode !== null) throw new Error(`up ended with ${child.exitCode}: ${child.output()}`);
        return /^ready (\S+)$/m.exec(child.output())?.[1];
      },
      120_000,
    );
    const { instance } = JSON.parse(readFileSync(join(stateDirectory, 'instance.json'), 'utf8')) as { instance: string };
    const paths = instancePaths(stateDirectory, instance);
    return {
      stateDirectory,
      url,
      setupLink: /https?:\S+\/setup\?token=\S+/.exec(child.output())?.[0],
      instance,
      paths,
      child,
      commandLine: [nodeProgram, program],
      run: (...line) => bulkhead([...line], { environment: { BULKHEAD_STATE_DIR: stateDirectory }, commandLine: program }),
      pidOf(service) {
        const record = JSON.parse(readFileSync(paths.supervisorFile, 'utf8')) as {
          services: Record<string, { process?: { pid: number } }>;
        };
        const pid = record.services[service]?.process?.pid;
        if (pid === undefined) throw new Error(`${service} does not run`);
        return pid;
      },
      [Symbol.asyncDispose]: dispose,
    };
  } catch (failure) {
    await dispose().catch(() => {});
    throw failure;
  }
}

const output = (program: string, ...args: string[]): string => spawnSync(program, args, { encoding: 'utf8' }).stdout ?? '';

/**
 * Everything on the host that bears an instance's name, found with other programs than ours: users, groups, mounts,
 * control groups, files, links, processes. Empty once it is down and purged.
 */
export function findTraces(instance: string, stateDirectory: string): string[] {
  const traces: string[] = [];
  const add = (kind: string, text: string) => {
    for (const line of text.split('\n')) if (line.trim() !== '') traces.push(`${kind}: ${line.trim()}`);
  };
  const bears = (text: string, pattern: RegExp) =>
    text
      .split('\n')
      .filter((line) => pattern.test(line))
      .join('\n');
  const name = new RegExp(`bulkhead[-/][a-z/-]*${instance}\\b`);
  add('user', bears(output('getent', 'passwd'), name));
  add('group', bears(output('getent', 'group'), name));
  add('mount', bears(output('findmnt', '--list', '--noheadings', '--output', 'TARGET'), name));
  add('cgroup', output('find', '/sys/fs/cgroup', '-type', 'd', '-name', `bulkhead-${instance}`));
  for (const path of [`/run/bulkhead/${instance}`, `/etc/bulkhead/${instance}`, stateDirectory])
    if (existsSync(path)) traces.push(`file: ${path}`);
  add('link', bears(output('ip', '-oneline', 'link'), new RegExp(`\\bb${instance}[0-9a-f]{8}`)));
  add(
    'process',
    bears(output('ps', '-e', '-o', 'pid=,user:32=,args='), new RegExp(`/run/bulkhead/${instance}/|bulkhead-[a-z]+-${instance}\\b`)),
  );
  return traces;
}
