import type { ContainerId, HostEvent, HostId } from '@bulkhead/model';
import { expect, it } from 'vitest';
import { limitChangeOf } from './limit-change.ts';

const at = '2026-11-26T12:00:00.000Z';
const event = (kind: HostEvent['kind'], detail: HostEvent['detail'], containerId: string | undefined = 'c1'): HostEvent => ({
  id: '01900000-0000-7000-8000-000000000001',
  hostId: '00000000-0000-4000-8000-000000000000' as HostId,
  at,
  kind,
  subject: { kind: 'local-root', id: '0', name: 'root' },
  detail,
  ...(containerId === undefined ? {} : { containerId: containerId as ContainerId }),
});
const limitsOf = (...of: Parameters<typeof event>) => limitChangeOf(event(...of))?.limits;

it('takes limits of a container from its own events, and what was set at its cgroup from there', () => {
  expect(limitChangeOf(event('container.updated', { memoryMaxBytes: 1024, pidsMax: 'max', other: 'x' }))).toEqual({
    at,
    subject: { kind: 'local-root', id: '0', name: 'root' },
    limits: { memoryMaxBytes: 1024, pidsMax: 'max' },
  });
  expect(
    limitsOf('cgroup.set', {
      path: '/bulkhead-fff/acme/c1',
      'memory.max': '33554432',
      'cpu.weight': '50',
      'cpu.max': '25000 100000',
      'pids.max': 'max',
    }),
  ).toEqual({ memoryMaxBytes: 33_554_432, cpuWeight: 50, cpuMaxMillis: 250, pidsMax: 'max' });
  expect(limitsOf('cgroup.set', { 'cpu.max': 'max 100000' })).toEqual({ cpuMaxMillis: 'max' });
});

it('tells nothing of what was refused, is no limit of a container, or is of no container', () => {
  expect(limitsOf('cgroup.set', { 'pids.max': '5', failed: 'EINVAL' })).toBeUndefined();
  expect(limitsOf('cgroup.set', { path: '/x', 'cpuset.cpus': '0', pidsMax: 5 })).toBeUndefined();
  expect(limitChangeOf({ ...event('cgroup.set', { 'pids.max': '5' }), containerId: undefined })).toBeUndefined();
  expect(limitsOf('container.started', {})).toBeUndefined();
});

it('a container that is created without limits is told, with none', () => {
  expect(limitsOf('container.created', { image: 'host' })).toEqual({});
});
