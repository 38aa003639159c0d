import type { NameMissing } from '@bulkhead/model';

/** What a runtime's own file tells of a container. */
export interface FoundName {
  /** Absent where the runtime gave it none, as containerd itself does. */
  name?: string;
  image?: string;
}

export type Parsed = FoundName | { missing: NameMissing };

const maxName = 256;
const maxImage = 512;
const malformed = { missing: 'malformed' } as const satisfies Parsed;

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Text a list can show: of a line, neither empty nor endless. */
function lineOf(value: unknown, length: number): string | undefined {
  if (typeof value !== 'string' || value === '' || value.length > length) return undefined;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is looked for.
  return /[\u0000-\u001f\u007f-\u009f]/.test(value) ? undefined : value;
}

function parseObject(text: string): Json | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return isObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function foundOf(name: string | undefined, image: unknown): FoundName {
  const known = lineOf(image, maxImage);
  return { ...(name === undefined ? {} : { name }), ...(known === undefined ? {} : { image: known }) };
}

/** `shop/web-0/nginx` of a container, `shop/web-0` of the pod itself, as kubectl writes them. */
const inPod = (namespace: string, pod: string, container: string | undefined): string =>
  [namespace, pod, ...(container === undefined ? [] : [container])].join('/').slice(0, maxName);

/**
 * The name the kubelet gives through Docker and CRI-O, `k8s_<container>_<pod>_<namespace>_<uid>_<attempt>`, as people
 * know it; any other name as it is. None of the parts has an underscore (they are DNS labels).
 */
export function readableName(name: string): string {
  const [prefix, container, pod, namespace, ...more] = name.split('_');
  if (prefix !== 'k8s' || !container || !pod || !namespace || more.length < 2) return name;
  // CRI-O calls a pod itself k8s_POD_<pod>_…, so does cri-dockerd.
  return inPod(namespace, pod, container === 'POD' ? undefined : container);
}

/** Docker's `containers/<id>/config.v2.json`: `Name` with a slash before it, and the image as it was asked for. */
export function parseDockerConfig(text: string): Parsed {
  const config = parseObject(text);
  const name = lineOf(config?.Name, maxName + 1);
  if (config === undefined || name === undefined) return malformed;
  const asked = isObject(config.Config) ? config.Config.Image : undefined;
  return foundOf(readableName(name.replace(/^\//, '')).slice(0, maxName), asked ?? config.Image);
}

/** Annotations by which runtimes tell a container's name in its OCI `config.json`, in the words of each. */
const words = [
  // containerd's CRI plugin
  {
    container: 'io.kubernetes.cri.container-name',
    pod: 'io.kubernetes.cri.sandbox-name',
    namespace: 'io.kubernetes.cri.sandbox-namespace',
    type: 'io.kubernetes.cri.container-type',
    image: 'io.kubernetes.cri.image-name',
  },
  // CRI-O, and the kubelet's labels that it copies
  {
    container: 'io.kubernetes.container.name',
    pod: 'io.kubernetes.pod.name',
    namespace: 'io.kubernetes.pod.namespace',
    type: 'io.kubernetes.cri-o.ContainerType',
    image: 'io.kubernetes.cri-o.ImageName',
  },
] as const;

/** An OCI bundle's `config.json` as containerd, nerdctl and CRI-O write it. */
export function parseBundleConfig(text: string): Parsed {
  const config = parseObject(text);
  if (config === undefined) return malformed;
  const annotations = config.annotations ?? {};
  if (!isObject(annotations)) return malformed;
  for (const { container, pod, namespace, type, image } of words) {
    const [podName, namespaceName] = [lineOf(annotations[pod], maxName), lineOf(annotations[namespace], maxName)];
    if (podName === undefined || namespaceName === undefined) continue;
    const name = annotations[type] === 'sandbox' ? undefined : lineOf(annotations[container], maxName);
    return foundOf(inPod(namespaceName, podName, name), annotations[image]);
  }
  return foundOf(lineOf(annotations['nerdctl/name'], maxName), annotations['nerdctl/image-name']);
}

/** The list of containers that Podman and CRI-O keep, `containers.json` of containers/storage. @returns undefined where it is none */
export function parseStorageList(text: string): Map<string, FoundName> | undefined {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(list)) return undefined;
  const found = new Map<string, FoundName>();
  for (const each of list) {
    if (!isObject(each) || typeof each.id !== 'string') continue;
    const name = Array.isArray(each.names) ? lineOf(each.names[0], maxName) : undefined;
    const metadata = typeof each.metadata === 'string' ? parseObject(each.metadata) : undefined;
    found.set(each.id, foundOf(name === undefined ? undefined : readableName(name), metadata?.['image-name']));
  }
  return found;
}
