import type { Container } from '@bulkhead/model';
import { expect, it } from 'vitest';
import { containerHead, containerRow } from './container-row.ts';

const container: Container = {
  id: '0123456789abcdef',
  name: 'hog',
  tenantId: 'acme',
  image: 'host',
  args: ['tail', '/dev/zero'],
  status: 'stopped',
  exitStatus: { kind: 'signaled', signal: 9, coreDumped: false },
  oomKilled: true,
  createdAt: '2026-11-20T12:00:00.000Z',
  finishedAt: '2026-11-20T12:00:00.000Z',
  limits: {},
  terminal: false,
};
const nowMsec = Date.parse('2026-11-20T12:05:00.000Z');

it('tells why one ended where those are listed', () => {
  expect(containerHead(true).at(-1)).toBe('ENDED BY');
  expect(containerRow(container, nowMsec, true)).toEqual([
    '0123456789abcdef',
    'hog',
    'acme',
    'host',
    'tail /dev/zero',
    'Exited (137) 5 minutes ago',
    '',
    'OOM killed',
  ]);
  expect(containerRow({ ...container, oomKilled: false }, nowMsec, true).at(-1)).toBe('exit 137 (SIGKILL)');
  expect(containerRow({ ...container, status: 'running' }, nowMsec, true).at(-1)).toBe('');
});

it('has a cell for each heading, with and without those that ended', () => {
  for (const withEnded of [true, false]) expect(containerRow(container, nowMsec, withEnded)).toHaveLength(containerHead(withEnded).length);
});
