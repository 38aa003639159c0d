import { Maker } from '@bulkhead/model';
import { expect, test } from 'vitest';
import { makerOf } from './maker-of.ts';

const container = '0123456789abcdef';
const docker = 'a'.repeat(64);

const own = { instance: 'abc', cgroupPath: '/bulkhead-abc' };

test.each([
  ['/', { runtime: 'kernel', name: '/' }],
  ['/bulkhead-abc', { runtime: 'bulkhead', name: 'bulkhead-abc' }],
  ['/bulkhead-abc/acme', { runtime: 'bulkhead', name: 'acme', tenantId: 'acme' }],
  [`/bulkhead-abc/acme/${container}`, { runtime: 'bulkhead', containerId: container, tenantId: 'acme' }],
  [`/bulkhead-abc/acme/${container}/init`, { runtime: 'bulkhead', containerId: container, tenantId: 'acme' }],
  [`/bulkhead-def/acme/${container}`, { runtime: 'bulkhead', instance: 'def', externalId: container }],
  ['/bulkhead-def', { runtime: 'bulkhead', instance: 'def' }],
  ['/system.slice', { runtime: 'systemd', name: 'system.slice' }],
  ['/system.slice/ssh.service', { runtime: 'systemd', name: 'ssh.service' }],
  [`/system.slice/docker-${docker}.scope`, { runtime: 'docker', externalId: docker }],
  ['/mine/deeper', { runtime: 'plain', name: 'deeper' }],
  [`/mine/${'x'.repeat(300)}`, { runtime: 'plain', name: 'x'.repeat(256) }],
])('%s', (path, expected) => {
  const maker = makerOf(path, own);
  expect(maker).toMatchObject(expected);
  expect(Maker.safeParse(maker).success).toBe(true);
});

test('nothing of another instance bears ids of ours', () => {
  expect(makerOf(`/bulkhead-def/acme/${container}`, own)).not.toHaveProperty('containerId');
  expect(makerOf(`/elsewhere/bulkhead-abc/acme/${container}`, own)).not.toHaveProperty('containerId');
});

test.each([
  ['/system.slice/bulkhead-abc.scope', { runtime: 'systemd', name: 'bulkhead-abc.scope' }],
  ['/system.slice/bulkhead-abc.scope/services', { runtime: 'systemd', name: 'bulkhead-abc.scope' }],
  ['/system.slice/bulkhead-abc.scope/bulkhead-abc', { runtime: 'bulkhead', name: 'bulkhead-abc' }],
  ['/system.slice/bulkhead-abc.scope/bulkhead-abc/acme', { runtime: 'bulkhead', tenantId: 'acme' }],
  [
    `/system.slice/bulkhead-abc.scope/bulkhead-abc/acme/${container}/init`,
    { runtime: 'bulkhead', containerId: container, tenantId: 'acme' },
  ],
  ['/system.slice/bulkhead-def.scope/bulkhead-def', { runtime: 'bulkhead', instance: 'def' }],
])('in a delegated scope: %s', (path, expected) => {
  expect(makerOf(path, { instance: 'abc', cgroupPath: '/system.slice/bulkhead-abc.scope/bulkhead-abc' })).toMatchObject(expected);
});
