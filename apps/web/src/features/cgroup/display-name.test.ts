import { expect, it } from 'vitest';
import { displayName } from './display-name.ts';

const id = 'ab12'.repeat(16);

it('calls a container by its name, and keeps what the kernel calls its cgroup', () => {
  const maker = { runtime: 'docker' as const, name: 'shop', externalId: id };
  expect(displayName({ path: `/system.slice/docker-${id}.scope`, maker })).toEqual({ text: 'shop', aside: `docker-${id}.scope` });
  expect(displayName({ path: `/system.slice/docker-${id}.scope/init`, maker })).toEqual({ text: 'init', aside: undefined });
});

it('calls anything else by the last part of its path', () => {
  expect(
    displayName({ path: '/system.slice/ssh.service', maker: { runtime: 'systemd', name: 'ssh.service', externalId: 'ssh.service' } }).text,
  ).toBe('ssh.service');
  expect(displayName({ path: '/', maker: { runtime: 'kernel', name: 'kernel' } }).text).toBe('/');
});
