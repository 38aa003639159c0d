import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Maker } from '@bulkhead/model';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ContainerNames } from './container-names.ts';

const id = 'a'.repeat(64);
const other = 'b'.repeat(64);
const of = (runtime: Maker['runtime'], externalId = id): Maker => ({ runtime, externalId, name: externalId.slice(0, 12) });

let root = '';
let names: ContainerNames;

function put(path: string, text: string): string {
  const whole = join(root, path);
  mkdirSync(dirname(whole), { recursive: true });
  writeFileSync(whole, text);
  return whole;
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'bulkhead-names-'));
  names = new ContainerNames({
    docker: [join(root, 'docker')],
    containerd: [join(root, 'tasks')],
    storage: [join(root, 'storage'), join(root, 'run')],
  });
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

// Whose file it is decides: what another user than root wrote is not believed.
describe.skipIf(process.getuid?.() !== 0)('names of containers', () => {
  it('are found where each runtime keeps them', () => {
    put(`docker/containers/${id}/config.v2.json`, '{"Name":"/shop-web","Config":{"Image":"nginx:1.27"}}');
    put(`docker/165536.165536/containers/${other}/config.v2.json`, '{"Name":"/remapped"}');
    put(`tasks/k8s.io/${id}/config.json`, '{"annotations":{"nerdctl/name":"lab"}}');
    put(
      `storage/overlay-containers/${id}/userdata/config.json`,
      '{"annotations":{"io.kubernetes.container.name":"web","io.kubernetes.pod.name":"web-0","io.kubernetes.pod.namespace":"shop"}}',
    );
    put('storage/overlay-containers/containers.json', `[{"id":"${id}","names":["clever_hopper"]}]`);
    put('storage/overlay-containers/volatile-containers.json', `[{"id":"${other}","names":["passing"]}]`);
    expect(names.named(of('docker'))).toEqual({ ...of('docker'), name: 'shop-web', image: 'nginx:1.27' });
    expect(names.named(of('docker', other)).name).toBe('remapped');
    expect(names.named(of('containerd')).name).toBe('lab');
    expect(names.named(of('cri-o')).name).toBe('shop/web-0/web');
    expect(names.named(of('podman')).name).toBe('clever_hopper');
    expect(names.named(of('podman', other)).name).toBe('passing');
  });

  it('are looked up once', () => {
    const path = put(`docker/containers/${id}/config.v2.json`, '{"Name":"/first"}');
    expect(names.named(of('docker')).name).toBe('first');
    writeFileSync(path, '{"Name":"/second"}');
    expect(names.named(of('docker')).name).toBe('first');
  });

  it('stay what a monitor told where there is no file, and gain an image where there is one', () => {
    expect(names.named({ ...of('podman'), name: 'by-conmon' })).toEqual({ ...of('podman'), name: 'by-conmon' });
    put(
      'storage/vfs-containers/containers.json',
      `[{"id":"${other}","names":["web"],"metadata":"{\\"image-name\\":\\"docker.io/library/nginx:1.27\\"}"}]`,
    );
    expect(names.named({ ...of('podman', other), name: 'web' })).toMatchObject({ name: 'web', image: 'docker.io/library/nginx:1.27' });
  });

  it('are asked of runtimes that keep them, and of ids alone', () => {
    for (const maker of [of('lxc'), { runtime: 'systemd', name: 'x' }, of('docker', '../../etc'), of('docker', '..')] as Maker[])
      expect(names.named(maker)).toBe(maker);
  });

  const missing = () => names.named(of('docker')).nameMissing;

  it('miss with the reason: nothing there', () => {
    expect(names.named(of('docker'))).toEqual({ ...of('docker'), nameMissing: 'absent' });
  });

  it('miss with the reason: broken', () => {
    put(`docker/containers/${id}/config.v2.json`, '{"Name":"/sh');
    expect(missing()).toBe('malformed');
  });

  it('miss with the reason: larger than any such file', () => {
    truncateSync(put(`docker/containers/${id}/config.v2.json`, '{'), 1024 ** 3);
    expect(missing()).toBe('too-large');
  });

  it('miss with the reason: a link', () => {
    const secret = put('elsewhere', '{"Name":"/elsewhere"}');
    mkdirSync(join(root, 'docker/containers', id), { recursive: true });
    symlinkSync(secret, join(root, 'docker/containers', id, 'config.v2.json'));
    expect(missing()).toBe('unsafe');
  });

  it('miss with the reason: a directory that is a link', () => {
    put('elsewhere/config.v2.json', '{"Name":"/elsewhere"}');
    mkdirSync(join(root, 'docker/containers'), { recursive: true });
    symlinkSync(join(root, 'elsewhere'), join(root, 'docker/containers', id));
    expect(missing()).toBe('unsafe');
  });

  it('miss with the reason: a file of somebody else', () => {
    chownSync(put(`docker/containers/${id}/config.v2.json`, '{"Name":"/planted"}'), 65_534, 65_534);
    expect(missing()).toBe('unsafe');
  });

  it('miss with the reason: a directory that others may write to', () => {
    put(`docker/containers/${id}/config.v2.json`, '{"Name":"/planted"}');
    chmodSync(join(root, 'docker'), 0o777);
    expect(missing()).toBe('unsafe');
  });

  it('miss with the reason: a pipe, without waiting for a writer', () => {
    mkdirSync(join(root, 'docker/containers', id), { recursive: true });
    execFileSync('mkfifo', [join(root, 'docker/containers', id, 'config.v2.json')]);
    expect(missing()).toBe('malformed');
  });

  it('are found below a root that the administrator moved', () => {
    put(`disk/containers/${id}/config.v2.json`, '{"Name":"/moved"}');
    symlinkSync(join(root, 'disk'), join(root, 'docker'));
    expect(names.named(of('docker')).name).toBe('moved');
  });
});
