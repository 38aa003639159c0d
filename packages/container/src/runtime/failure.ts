import { hasErrno } from '@bulkhead/kernel';
import { Problem } from '@bulkhead/model';
import { LaunchError } from '../launcher/client.ts';

/** What a failed launch means to the person who asked: the command's own fault, or the host's. */
export function explainLaunch(failure: unknown, command: string): unknown {
  if (!(failure instanceof LaunchError)) return failure;
  if (failure.syscall === 'execve') {
    switch (failure.code) {
      case 'ENOENT':
        return new Problem('invalid', `${command}: no such command in the container`, {
          remedy: 'check its spelling, or give its whole path',
          cause: failure,
        });
      case 'EACCES':
        return new Problem('invalid', `${command}: not executable in the container`, {
          remedy: 'it must be a file with its x bit set',
          cause: failure,
        });
      case 'ENOEXEC':
        return new Problem('invalid', `${command}: not a program this kernel can run`, {
          remedy: 'a script needs a first line such as #!/bin/sh',
          cause: failure,
        });
      case 'E2BIG':
        return new Problem('invalid', 'arguments and environment together are longer than the kernel takes', { cause: failure });
    }
  }
  if (failure.syscall === 'chdir')
    return new Problem('invalid', `the working directory cannot be entered: ${failure.message}`, { cause: failure });
  if (failure.code === 'ENOMEM' || failure.code === 'EAGAIN') {
    return new Problem('exhausted', `the kernel refused to start it: ${failure.message}`, {
      remedy: 'raise its memory or pids limit, or free some on the host',
      cause: failure,
    });
  }
  return new Problem('internal', failure.message, { cause: failure });
}

/** The exit code a shell gives to a program that could not be executed. */
export function exitCodeOfFailedExec(failure: unknown): number {
  return failure instanceof LaunchError && failure.code === 'ENOENT' ? 127 : 126;
}

/** A full disk or a full /run, said in words. */
export function explainStorage(failure: unknown, what: string): unknown {
  if (hasErrno(failure, 'ENOSPC', 'EDQUOT'))
    return new Problem('exhausted', `no space left for ${what}`, {
      remedy: 'free space on /run or in the state directory',
      cause: failure,
    });
  return failure;
}
