import { expect, test } from 'vitest';
import { isBrowserSandbox, sameProgram, watchedContainer } from './monitor.ts';

const id = 'c'.repeat(64);

test.each<[string, string, object | undefined]>([
  [
    'conmon',
    `/usr/bin/conmon --api-version 1 -c ${id} -u ${id} -r /usr/bin/crun -b /var/lib/containers/storage/x -p /run/x/pidfile -n clever_hopper --exit-dir /run/libpod/exits`,
    { runtime: 'podman', externalId: id, name: 'clever_hopper' },
  ],
  [
    'conmon',
    `/usr/libexec/crio/conmon -b /run/x -c ${id} --exit-dir /x -n k8s_web_web-0_shop_1234_0`,
    { runtime: 'cri-o', externalId: id, name: 'k8s_web_web-0_shop_1234_0' },
  ],
  [
    'containerd-shim',
    `/usr/bin/containerd-shim-runc-v2 -namespace moby -id ${id} -address /run/containerd/containerd.sock`,
    { runtime: 'docker', externalId: id, name: id.slice(0, 12) },
  ],
  [
    'containerd-shim',
    `/usr/bin/containerd-shim-runc-v2 -namespace k8s.io -id ${id} -address /run/x`,
    { runtime: 'containerd', externalId: id, name: id.slice(0, 12) },
  ],
  [
    'containerd-shim',
    `/usr/bin/containerd-shim-runc-v2 -namespace default -id redis -address /run/x`,
    { runtime: 'containerd', externalId: 'redis', name: 'redis' },
  ],
  ['systemd-nspawn', 'systemd-nspawn --quiet --boot --machine=web', { runtime: 'systemd-nspawn', externalId: 'web', name: 'web' }],
  ['systemd-nspawn', 'systemd-nspawn -D /srv/roots/debian/ bash', { runtime: 'systemd-nspawn', externalId: 'debian', name: 'debian' }],
  ['lxc-start', 'lxc-start -n web -F', { runtime: 'lxc', externalId: 'web', name: 'web' }],
  ['lxc-start', 'lxc-start web', { runtime: 'lxc', externalId: 'web', name: 'web' }],
  ['bash', 'bash -c conmon', undefined],
  ['conmon', '/usr/bin/conmon --version', undefined],
])('%s: %s', (command, line, maker) => {
  expect(watchedContainer(command, line.split(' '))).toEqual(maker);
});

test('the monitor of LXC writes its name over its command line', () => {
  expect(watchedContainer('lxc-start', ['[lxc monitor] /var/lib/lxc web'])).toEqual({ runtime: 'lxc', externalId: 'web', name: 'web' });
});

test.each([
  ['/usr/lib/chromium/chromium --type=zygote --no-zygote-sandbox', true],
  ['/usr/lib/chromium/chromium --type=renderer --lang=de', true],
  ['/opt/code/code --type=utility --utility-sub-type=network.mojom.NetworkService', true],
  ['/usr/lib/firefox/firefox -contentproc -childID 3', true],
  ['/usr/lib/chromium/chromium --headless', false],
  ['tool --type=json', false],
])('%s is of a sandbox: %s', (line, expected) => {
  expect(isBrowserSandbox(line.split(' '))).toBe(expected);
});

test('a program is the same by its path or its name', () => {
  expect(sameProgram(['/usr/lib/chromium/chromium --type=zygote'], ['/usr/lib/chromium/chromium', '--headless'])).toBe(true);
  expect(sameProgram(['/usr/lib/chromium/chromium'], ['/bin/sh'])).toBe(false);
  expect(sameProgram([], [])).toBe(false);
});
