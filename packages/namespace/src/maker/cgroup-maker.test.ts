import { Maker } from '@bulkhead/model';
import { describe, expect, it, test } from 'vitest';
import { makerOfPath } from './cgroup-maker.ts';

const hex = (digit: string): string => digit.repeat(64);
const a = hex('a');
const short = a.slice(0, 12);

describe('the path of a cgroup names who made it', () => {
  test.each<[string, string, string, string, string?]>([
    // path, runtime, external id, name, own part of the path where it is not the whole
    [`/docker/${a}`, 'docker', a, short],
    [`/system.slice/docker-${a}.scope`, 'docker', a, short],
    [`/user.slice/user-1000.slice/user@1000.service/app.slice/docker-${a}.scope`, 'docker', a, short],
    [`/docker/${hex('b')}/docker/${a}`, 'docker', a, short],
    [`/docker/${a}/system.slice/ssh.service`, 'docker', a, short, `/docker/${a}`],
    [`/kubepods/burstable/podb2a7e0a3-3a9a-4cf1-9cd4-7ae3b1fd2c11/${a}`, 'containerd', a, short],
    [`/kubepods/besteffort/podb2a7e0a33a9a4cf19cd47ae3b1fd2c11/${a}`, 'containerd', a, short],
    [
      `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podb2a7e0a3_3a9a_4cf1_9cd4_7ae3b1fd2c11.slice/cri-containerd-${a}.scope`,
      'containerd',
      a,
      short,
    ],
    [`/system.slice/containerd.service/kubepods-besteffort-pod1.slice:cri-containerd:${a}`, 'containerd', a, short],
    [`/kubepods.slice/kubepods-pod1.slice/crio-${a}.scope`, 'cri-o', a, short],
    [
      `/kubepods.slice/kubepods-pod1.slice/crio-${a}.scope/container`,
      'cri-o',
      a,
      short,
      `/kubepods.slice/kubepods-pod1.slice/crio-${a}.scope`,
    ],
    [`/system.slice/nerdctl-${a}.scope`, 'containerd', a, short],
    [`/default/${a}`, 'containerd', a, short],
    [`/machine.slice/libpod-${a}.scope`, 'podman', a, short],
    [`/machine.slice/libpod-${a}.scope/container`, 'podman', a, short, `/machine.slice/libpod-${a}.scope`],
    [
      `/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${a}.scope/container/init.scope`,
      'podman',
      a,
      short,
      `/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${a}.scope`,
    ],
    [`/libpod_parent/libpod-${a}`, 'podman', a, short],
    [`/user.slice/user-0.slice/session-3.scope/libpod-payload-${a}`, 'podman', a, short],
    ['/lxc.payload.web', 'lxc', 'web', 'web'],
    ['/lxc.payload.web/system.slice/ssh.service', 'lxc', 'web', 'web', '/lxc.payload.web'],
    ['/lxc.payload.shop_web', 'lxc', 'shop_web', 'shop_web'],
    ['/lxc/101/ns/init.scope', 'lxc', '101', '101', '/lxc/101'],
    ['/machine.slice/machine-lxc\\x2d4021\\x2dweb.scope', 'lxc', 'lxc-4021-web', 'web'],
    ['/machine.slice/machine-web.scope', 'systemd-nspawn', 'web', 'web'],
    [
      '/machine.slice/machine-my\\x2dweb.scope/payload/system.slice/ssh.service',
      'systemd-nspawn',
      'my-web',
      'my-web',
      '/machine.slice/machine-my\\x2dweb.scope',
    ],
    ['/machine.slice/systemd-nspawn@web.service/payload', 'systemd-nspawn', 'web', 'web', '/machine.slice/systemd-nspawn@web.service'],
    [
      '/user.slice/user-1000.slice/user@1000.service/app.slice/app-flatpak-org.gnome.Maps-2211.scope',
      'bubblewrap',
      'app-flatpak-org.gnome.Maps-2211.scope',
      'org.gnome.Maps',
    ],
    ['/system.slice/ssh.service', 'systemd', 'ssh.service', 'ssh.service'],
    ['/system.slice/system-getty.slice/getty@tty1.service', 'systemd', 'getty@tty1.service', 'getty@tty1.service'],
    ['/init.scope', 'systemd', 'init.scope', 'init.scope'],
    ['/user.slice/user-1000.slice/session-2.scope', 'systemd', 'session-2.scope', 'session-2.scope'],
    ['/user.slice/user-1000.slice/user@1000.service/app.slice/mail.service', 'systemd', 'mail.service', 'mail.service'],
    ['/user.slice/user-1000.slice/user@1000.service/init.scope', 'systemd', 'init.scope', 'init.scope'],
    ['/system.slice/postgresql.service/worker', 'systemd', 'postgresql.service', 'postgresql.service', '/system.slice/postgresql.service'],
    // Machines of qemu are no containers; the monitors of containers are outside of them.
    ['/machine.slice/machine-qemu\\x2d1\\x2dvm.scope', 'systemd', 'machine-qemu\\x2d1\\x2dvm.scope', 'machine-qemu\\x2d1\\x2dvm.scope'],
    [`/machine.slice/libpod-conmon-${a}.scope`, 'systemd', `libpod-conmon-${a}.scope`, `libpod-conmon-${a}.scope`],
    [`/kubepods.slice/crio-conmon-${a}.scope`, 'systemd', `crio-conmon-${a}.scope`, `crio-conmon-${a}.scope`],
    [
      '/machine.slice/systemd-nspawn@web.service/supervisor',
      'systemd',
      'systemd-nspawn@web.service',
      'systemd-nspawn@web.service',
      '/machine.slice/systemd-nspawn@web.service',
    ],
    // Seen from a cgroup namespace, what is outside begins with dots.
    [`/../../docker/${a}`, 'docker', a, short, `/docker/${a}`],
  ])('%s: %s %s', (path, runtime, externalId, name, own = path) => {
    const found = makerOfPath(path);
    expect(found?.maker).toEqual({ runtime, externalId, name });
    expect(found?.path).toBe(own);
    expect(Maker.parse(found?.maker)).toEqual(found?.maker);
  });

  test.each([
    '/',
    '',
    '/user.slice',
    '/kubepods.slice/kubepods-burstable.slice',
    '/lxc.monitor.web',
    '/process_api/c79c9e2518f961264085e753f1d9929c',
    `/${a}`,
    `/docker/${'g'.repeat(64)}`,
    '/docker/buildx',
    '/bulkhead-abc',
    '/bulkhead-abc/acme',
    '/bulkhead-abc/acme/not-an-id',
  ])('%j names nobody', (path) => {
    expect(makerOfPath(path)).toBeUndefined();
  });
});

describe('containers of Bulkhead', () => {
  const path = '/bulkhead-abc/acme/0123456789abcdef/init';
  const abc = { instance: 'abc', cgroupPath: '/bulkhead-abc' };
  const named = { runtime: 'bulkhead', externalId: '0123456789abcdef', name: '0123456789abcdef' };

  it('of this instance are told with tenant and id, of another with its name', () => {
    expect(makerOfPath(path, abc)?.maker).toEqual({ ...named, containerId: '0123456789abcdef', tenantId: 'acme' });
    expect(makerOfPath(path, { instance: 'xyz', cgroupPath: '/bulkhead-xyz' })?.maker).toEqual({ ...named, instance: 'abc' });
    expect(makerOfPath(path, abc)?.path).toBe('/bulkhead-abc/acme/0123456789abcdef');
  });

  it('are found below a delegated scope', () => {
    const cgroupPath = '/system.slice/bulkhead.service/bulkhead-abc';
    expect(makerOfPath(`/system.slice/bulkhead.service${path}`, { instance: 'abc', cgroupPath })?.maker.tenantId).toBe('acme');
  });

  it('keep what another runtime makes inside of them', () => {
    expect(makerOfPath(`${path}/machine.slice/libpod-${a}.scope`, abc)?.maker.containerId).toBe('0123456789abcdef');
  });

  it.each([
    // Whoever may make cgroups may name them so: a tenant within its container, a user within its session.
    [`${path}/bulkhead-abc/globex/ffffffffffffffff`, 'acme'],
    ['/user.slice/user-1000.slice/user@1000.service/bulkhead-abc/globex/ffffffffffffffff', undefined],
    [`/docker/${a}/bulkhead-abc/globex/ffffffffffffffff`, undefined],
  ])('cannot be claimed by a look-alike: %s', (claim, tenantId) => {
    expect(makerOfPath(claim, abc)?.maker.tenantId).toBe(tenantId);
  });
});
