import { describe, expect, it, test } from 'vitest';
import { parseBundleConfig, parseDockerConfig, parseStorageList, readableName } from './name-formats.ts';

const id = 'dde7a808085163a0680de9bcf9495927334728320258c66faf0f5fb018a919f1';

/** Docker 27's config.v2.json, the parts between left out. */
const docker = `{"StreamConfig":{},"State":{"Running":true,"Paused":false,"Restarting":false,"OOMKilled":false,"RemovalInProgress":false,"Dead":false,"Pid":2412,"ExitCode":0,"Error":"","StartedAt":"2026-02-24T20:24:38.741Z","FinishedAt":"0001-01-01T00:00:00Z","Health":null},"ID":"${id}","Created":"2026-02-24T20:24:38.337Z","Managed":false,"Path":"bash","Args":["start.sh"],"Config":{"Hostname":"dde7a8080851","Domainname":"","User":"0:0","AttachStdin":false,"ExposedPorts":{"8080/tcp":{}},"Tty":false,"Env":["PATH=/usr/local/bin:/usr/bin:/bin","ENV=prod"],"Cmd":["bash","start.sh"],"Image":"ghcr.io/open-webui/open-webui:main","Volumes":null,"WorkingDir":"/app/backend","Entrypoint":null,"OnBuild":null,"Labels":{"org.opencontainers.image.title":"open-webui"}},"Image":"sha256:8bb5955fb2f762817cbbcfa1dc7fb3bf5c4c3e6c215d136bdbd32c80c53afe8f","ImageManifest":null,"NetworkSettings":{"SandboxKey":"/var/run/docker/netns/d33feda521f8","Networks":{"bridge":{"MacAddress":"02:42:ac:12:00:02"}}},"LogPath":"/var/lib/docker/containers/${id}/${id}-json.log","Name":"/open-webui","Driver":"overlay2","OS":"linux","RestartCount":0,"HasBeenStartedBefore":true,"HasBeenManuallyStopped":false,"MountPoints":{},"AppArmorProfile":"","LocalLogCacheMeta":{"HaveNotifyEnabled":false}}`;

describe('config.v2.json of Docker', () => {
  it('tells name and image', () => {
    expect(parseDockerConfig(docker)).toEqual({ name: 'open-webui', image: 'ghcr.io/open-webui/open-webui:main' });
  });

  it('of a pod through cri-dockerd tells it as kubectl does', () => {
    const pod = docker.replace('"/open-webui"', '"/k8s_nginx_web-0_shop_88c00a72-09fa-4f0b-b2e7-185fcaff3b0d_2"');
    expect(parseDockerConfig(pod)).toMatchObject({ name: 'shop/web-0/nginx' });
  });

  test.each([
    ['nothing', ''],
    ['half a file', docker.slice(0, 600)],
    ['a list', '[]'],
    ['null', 'null'],
    ['no name', '{"ID":"x","Config":{}}'],
    ['a name that is no text', '{"Name":["/web"]}'],
    ['a name without end', `{"Name":"/${'x'.repeat(5000)}"}`],
    ['a name with a terminal escape', '{"Name":"/\\u001b[31mred"}'],
  ])('is malformed: %s', (_, text) => {
    expect(parseDockerConfig(text)).toEqual({ missing: 'malformed' });
  });

  it('does without an image', () => {
    expect(parseDockerConfig('{"Name":"/web","Config":null,"Image":7}')).toEqual({ name: 'web' });
  });
});

/** What containerd 1.7 writes below its task directory, mounts and the like left out. */
const cri = `{"ociVersion":"1.1.0","process":{"args":["/usr/bin/bpfman"],"cwd":"/"},"root":{"path":"rootfs"},"annotations":{"io.kubernetes.cri.container-name":"bpfman-agent","io.kubernetes.cri.container-type":"container","io.kubernetes.cri.image-name":"quay.io/bpfman/bpfman-agent:latest","io.kubernetes.cri.sandbox-id":"ffde0b824a13e5c81699b3059dc0bfe39ca8d8e6b7c6966c8d2562d00741ce99","io.kubernetes.cri.sandbox-name":"bpfman-daemon-hf5gv","io.kubernetes.cri.sandbox-namespace":"bpfman","io.kubernetes.cri.sandbox-uid":"88c00a72-09fa-4f0b-b2e7-185fcaff3b0d"},"linux":{"cgroupsPath":"kubelet-kubepods-besteffort-pod88c00a72_09fa_4f0b_b2e7_185fcaff3b0d.slice:cri-containerd:${id}"}}`;
const sandbox = `{"ociVersion":"1.1.0","annotations":{"io.kubernetes.cri.container-type":"sandbox","io.kubernetes.cri.sandbox-cpu-shares":"2","io.kubernetes.cri.sandbox-id":"${id}","io.kubernetes.cri.sandbox-log-directory":"/var/log/pods/shop_web-0_0e760759","io.kubernetes.cri.sandbox-name":"web-0","io.kubernetes.cri.sandbox-namespace":"shop","io.kubernetes.cri.sandbox-uid":"0e760759-7576-4c0b-89d0-bf5c9539026e"}}`;
const crio = `{"ociVersion":"1.0.2-dev","annotations":{"io.container.manager":"cri-o","io.kubernetes.container.name":"nginx","io.kubernetes.cri-o.ContainerID":"${id}","io.kubernetes.cri-o.ContainerName":"k8s_nginx_web-0_shop_0e760759_0","io.kubernetes.cri-o.ContainerType":"container","io.kubernetes.cri-o.ImageName":"docker.io/library/nginx:1.27","io.kubernetes.cri-o.Metadata":"{\\"name\\":\\"nginx\\"}","io.kubernetes.pod.name":"web-0","io.kubernetes.pod.namespace":"shop","io.kubernetes.pod.uid":"0e760759"}}`;
const crioPod = `{"annotations":{"io.kubernetes.container.name":"POD","io.kubernetes.cri-o.ContainerName":"k8s_POD_web-0_shop_0e760759_0","io.kubernetes.cri-o.ContainerType":"sandbox","io.kubernetes.pod.name":"web-0","io.kubernetes.pod.namespace":"shop"}}`;
const nerdctl = `{"annotations":{"nerdctl/auto-remove":"false","nerdctl/hostname":"22a611624245","nerdctl/name":"lab-nature","nerdctl/namespace":"default","nerdctl/platform":"linux/amd64"}}`;

test.each<[string, string, object]>([
  [
    'a container of a pod, by containerd',
    cri,
    { name: 'bpfman/bpfman-daemon-hf5gv/bpfman-agent', image: 'quay.io/bpfman/bpfman-agent:latest' },
  ],
  ['a pod itself, by containerd', sandbox, { name: 'shop/web-0' }],
  ['a container of a pod, by CRI-O', crio, { name: 'shop/web-0/nginx', image: 'docker.io/library/nginx:1.27' }],
  ['a pod itself, by CRI-O', crioPod, { name: 'shop/web-0' }],
  ['a container of nerdctl', nerdctl, { name: 'lab-nature' }],
  ['one that nobody named', '{"ociVersion":"1.1.0"}', {}],
  ['half a file', cri.slice(0, 300), { missing: 'malformed' }],
  ['annotations of another kind', '{"annotations":["x"]}', { missing: 'malformed' }],
])('a bundle tells of %s', (_, text, found) => {
  expect(parseBundleConfig(text)).toEqual(found);
});

describe('containers.json of containers/storage', () => {
  /** Podman 4.3, one from an image and one from a directory; CRI-O 1.29. */
  const list = `[{"id":"579635db3532e954d07927bdc32bd435bd082f03a0696ded072f04d762a18775","names":["contenedor1"],"image":"d7af31210b288164c319bae740ca1281528390a3c5cee657e95f243670b49e6a","layer":"67b0c66296f7957a0d82c8e48442ee0d7e3b3386dadde46cd8dadf3c90d40000","metadata":"{\\"image-name\\":\\"quay.io/centos7/httpd-24-centos7:latest\\",\\"image-id\\":\\"d7af31210b288164c319bae740ca1281528390a3c5cee657e95f243670b49e6a\\",\\"name\\":\\"contenedor1\\",\\"created-at\\":1711141194}","created":"2024-03-22T20:59:54.545266929Z","flags":{"MountLabel":"system_u:object_r:container_file_t:s0:c14,c100","ProcessLabel":""}},{"id":"45f10e00e7a23a829c420e149617a2a3a0ff961eeaf015cc03a697682f6d04c6","names":["real-podman"],"image":"","layer":"70821dd31fb39cd25485e10f610da18ca7f3cfadc0e19854e3ff968a5b5d9f72","metadata":"{\\"image-name\\":\\"\\",\\"image-id\\":\\"\\",\\"name\\":\\"real-podman\\",\\"created-at\\":1795691781}","created":"2026-11-26T11:16:21.106766394Z","flags":{"MountLabel":"","ProcessLabel":""}},{"id":"${id}","names":["k8s_nginx_web-0_shop_0e760759-7576-4c0b-89d0-bf5c9539026e_0"],"image":"x","metadata":"{\\"pod-name\\":\\"k8s_web-0_shop_0e760759_0\\",\\"image-name\\":\\"docker.io/library/nginx:1.27\\",\\"metadata-name\\":\\"nginx\\"}"}]`;

  it('tells names and images', () => {
    expect([...(parseStorageList(list)?.values() ?? [])]).toEqual([
      { name: 'contenedor1', image: 'quay.io/centos7/httpd-24-centos7:latest' },
      { name: 'real-podman' },
      { name: 'shop/web-0/nginx', image: 'docker.io/library/nginx:1.27' },
    ]);
  });

  it('passes over entries that are broken', () => {
    expect(
      parseStorageList(`[null,7,{"names":["x"]},{"id":"a","names":"x","metadata":"{"},{"id":"b","names":["web"],"metadata":7}]`),
    ).toEqual(
      new Map([
        ['a', {}],
        ['b', { name: 'web' }],
      ]),
    );
  });

  test.each(['', '{}', list.slice(0, 200)])('is no list: %s', (text) => {
    expect(parseStorageList(text)).toBeUndefined();
  });
});

test.each([
  ['k8s_POD_web-0_shop_0e760759_0', 'shop/web-0'],
  ['k8s_web', 'k8s_web'],
  ['k8s____', 'k8s____'],
  ['my_own_name_with_many_parts', 'my_own_name_with_many_parts'],
])('%s is called %s', (name, readable) => {
  expect(readableName(name)).toBe(readable);
});
