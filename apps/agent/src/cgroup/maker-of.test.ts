import { Maker } from '@bulkhead/model';
import { expect, test } from 'vitest';
import { makerOf } from './maker-of.ts';

const container = '0123456789abcdef';
const docker = 'a'.repeat(64);

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
  const maker = makerOf(path, 'abc');
  expect(maker).toMatchObject(expected);
  expect(Maker.safeParse(maker).success).toBe(true);
});

test('nothing of another instance bears ids of ours', () => {
  expect(makerOf(`/bulkhead-def/acme/${container}`, 'abc')).not.toHaveProperty('containerId');
  expect(makerOf(`/elsewhere/bulkhead-abc/acme/${container}`, 'abc')).not.toHaveProperty('containerId');
});
