import { ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { Problem } from '@bulkhead/model';
import { tryCommand } from './run-command.ts';

/**
 * A process that has ended may hold its lock for a moment longer, until the last of its threads is gone; `down` comes just
 * after an `up` that it ended itself.
 */
const waitSeconds = { up: 0.5, down: 10 } as const;

/**
 * Takes the state directory for this process until it ends. The lock hangs on the open file, which this process keeps;
 * flock(1) only sets it there. The kernel drops it with the process, however that ends.
 */
export function lockStateDirectory(stateDirectory: string, purpose: 'up' | 'down'): void {
  const path = `${stateDirectory}/lock`;
  const descriptor = openSync(path, 'a', 0o600);
  const { status } = tryCommand(['flock', '--exclusive', '--timeout', String(waitSeconds[purpose]), '3'], { descriptors: [descriptor] });
  if (status !== 0) {
    const [holder = '?', what = 'another command'] = readFileSync(path, 'utf8').trim().split(' ');
    throw new Problem('conflict', `${stateDirectory} is in use by ./bulkhead ${what}, process ${holder}`, {
      remedy:
        what === 'up'
          ? 'it is up already; end that process first (Ctrl-C there, or ./bulkhead down), or give another --state-dir'
          : 'wait until it has ended',
    });
  }
  ftruncateSync(descriptor);
  writeSync(descriptor, `${process.pid} ${purpose}\n`);
}
