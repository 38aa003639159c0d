import { expect, it } from 'vitest';
import { statusOf } from './status.ts';

it.each([
  [{ status: 'running' }, { state: 'good', word: 'running', value: '' }],
  [
    { status: 'running', oomKilled: true },
    { state: 'attention', word: 'running', value: '' },
  ],
  [{ status: 'created' }, { state: 'unknown', word: 'created', value: '' }],
  [
    { status: 'stopped', exitStatus: { kind: 'exited', code: 0 } },
    { state: 'unknown', word: 'exited', value: '0' },
  ],
  [
    { status: 'stopped', exitStatus: { kind: 'exited', code: 3 } },
    { state: 'attention', word: 'exited', value: '3' },
  ],
  [
    { status: 'stopped', exitStatus: { kind: 'signaled', signal: 15, coreDumped: false } },
    { state: 'unknown', word: 'signalled', value: 'SIGTERM' },
  ],
  [
    { status: 'stopped', exitStatus: { kind: 'signaled', signal: 11, coreDumped: true } },
    { state: 'attention', word: 'signalled', value: 'SIGSEGV' },
  ],
  [
    { status: 'stopped', oomKilled: true, exitStatus: { kind: 'signaled', signal: 9, coreDumped: false } },
    { state: 'bad', word: 'out-of-memory', value: '' },
  ],
  [
    { status: 'stopped', exitStatus: { kind: 'unknown', reason: 'launcher lost' } },
    { state: 'unknown', word: 'ended-unknown', value: '' },
  ],
] as const)('%j', (container, view) => {
  expect(statusOf(container)).toEqual(view);
});
