import { execFile, spawnSync } from 'node:child_process';
import { Problem } from '@bulkhead/model';

const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface CommandResult {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a Debian program to its end with a clean environment; a missing program is a Problem, a failed one is not. */
export function tryCommand(
  command: readonly [string, ...string[]],
  options: { input?: string; environment?: Record<string, string>; timeoutMsec?: number; descriptors?: readonly number[] } = {},
): CommandResult {
  const [program, ...args] = command;
  const result = spawnSync(program, args, {
    env: { PATH: path, LANG: 'C.UTF-8', ...options.environment },
    input: options.input,
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe', ...(options.descriptors ?? [])],
    encoding: 'utf8',
    timeout: options.timeoutMsec,
    maxBuffer: 16 * 1024 * 1024,
  });
  if (result.error !== undefined) {
    const { code } = result.error as NodeJS.ErrnoException;
    if (code === 'ENOENT')
      throw new Problem('unsupported', `this host has no ${program}`, { remedy: `install the Debian package that holds ${program}` });
    throw new Problem('internal', `${program} could not be run: ${result.error.message}`, { cause: result.error });
  }
  return { status: result.status, stdout: result.stdout, stderr: result.stderr };
}

/** The same without holding the event loop: for what takes long, so that services are watched and Ctrl-C is heard meanwhile. */
export function tryCommandAsync(
  command: readonly [string, ...string[]],
  options: { environment?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<CommandResult> {
  const [program, ...args] = command;
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      args,
      { env: { PATH: path, LANG: 'C.UTF-8', ...options.environment }, maxBuffer: 16 * 1024 * 1024, signal: options.signal },
      (failure, stdout, stderr) => {
        const code = (failure as NodeJS.ErrnoException | null)?.code;
        if (code === 'ENOENT') reject(new Problem('unsupported', `this host has no ${program}`, { cause: failure }));
        else resolve({ status: failure === null ? 0 : child.exitCode, stdout, stderr });
      },
    );
  });
}

/** Runs a Debian program that has to succeed. */
export function runCommand(command: readonly [string, ...string[]], options: Parameters<typeof tryCommand>[1] = {}): string {
  const result = tryCommand(command, options);
  if (result.status !== 0) {
    const said = result.stderr.trim().split('\n').at(-1) || result.stdout.trim().split('\n').at(-1) || `exit code ${result.status}`;
    throw new Problem('internal', `${command.join(' ')}: ${said}`);
  }
  return result.stdout;
}
