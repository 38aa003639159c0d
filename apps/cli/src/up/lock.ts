import { ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { Problem } from '@bulkhead/model';
import { tryCommand } from './run-command.ts';

/**
 * Takes the state directory for this process until it ends. The lock hangs on the open file, which this process keeps;
 * flock(1) only sets it there. The kernel drops it with the process, however that ends.
 */
export function lockStateDirectory(stateDirectory: string, purpose: 'up' | 'down'): void {
  const path = `${stateDirectory}/lock`;
  const descriptor = openSync(path, 'a', 0o600);
  const { status } = tryCommand(['flock', '--exclusive', '--nonblock', '3'], { descriptors: [descriptor] });
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
