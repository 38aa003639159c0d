import { readdirSync } from 'node:fs';
import type { Maker, NameMissing, Runtime } from '@bulkhead/model';
import { type FoundName, type Parsed, parseBundleConfig, parseDockerConfig, parseStorageList, readableName } from './name-formats.ts';
import { type Reading, readTrustedFile } from './trusted-file.ts';

/** Where runtimes keep what they know of their containers. */
export interface NameDirectories {
  /** Docker's data roots. */
  docker: readonly string[];
  /** Directories of containerd's tasks, one below for each of its namespaces. */
  containerd: readonly string[];
  /** Roots of containers/storage, Podman's and CRI-O's: what stays, then what a reboot clears. */
  storage: readonly string[];
}

const maxConfigBytes = 1024 ** 2;
const maxListBytes = 4 * 1024 ** 2;
const maxSettingsBytes = 64 * 1024;
/** Directories below one that are looked into: namespaces of containerd, remapped ids of Docker, drivers of a storage. */
const maxBelow = 64;
const rememberedNames = 20_000;
const tryAgainMsec = 10_000;
/** A list that lacks a container is not read again before. */
const listFreshMsec = 500;

const idPattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;

/** The usual places, and those that the settings of Docker and of containers/storage name. */
export function usualDirectories(): NameDirectories {
  const daemon = readTrustedFile('/etc/docker', 'daemon.json', maxSettingsBytes);
  const dataRoot = 'text' in daemon ? /"data-root"\s*:\s*"(\/[^"\\]+)"/.exec(daemon.text)?.[1] : undefined;
  const storage = readTrustedFile('/etc/containers', 'storage.conf', maxSettingsBytes);
  const rootsOf = (key: string): string[] => {
    const root = 'text' in storage ? new RegExp(`^\\s*${key}\\s*=\\s*["'](/[^"']+)["']`, 'm').exec(storage.text)?.[1] : undefined;
    return root === undefined ? [] : [root];
  };
  return {
    docker: [...(dataRoot === undefined ? [] : [dataRoot]), '/var/lib/docker', '/var/snap/docker/common/var-lib-docker'],
    containerd: [
      '/run/containerd/io.containerd.runtime.v2.task',
      '/run/k3s/containerd/io.containerd.runtime.v2.task',
      '/var/snap/microk8s/common/run/containerd/io.containerd.runtime.v2.task',
    ],
    storage: [...new Set([...rootsOf('graphroot'), '/var/lib/containers/storage', ...rootsOf('runroot'), '/run/containers/storage'])],
  };
}

interface Kept {
  parsed: Parsed;
  /** When it may be looked for again; never where it was found. */
  againAtMsec: number;
}

/**
 * What people call the containers of other runtimes, as those wrote it down. Each is looked up once and kept; what could
 * not be found is looked for again after a while, as long as somebody asks.
 */
export class ContainerNames {
  readonly #directories: NameDirectories;
  readonly #kept = new Map<string, Kept>();
  readonly #lists = new Map<string, { readAtMsec: number; list: Map<string, FoundName> | NameMissing }>();

  constructor(directories: NameDirectories = usualDirectories()) {
    this.#directories = directories;
  }

  /** The same maker with its container's name and image, or with why there is no name. Makers of other kinds as they are. */
  named(maker: Maker): Maker {
    const { runtime, externalId } = maker;
    const lookUp = this.#lookUps[runtime];
    if (lookUp === undefined || externalId === undefined || !idPattern.test(externalId)) return maker;
    const key = `${runtime} ${externalId}`;
    let kept = this.#kept.get(key);
    if (kept === undefined || performance.now() >= kept.againAtMsec) {
      const parsed = lookUp(externalId);
      kept = { parsed, againAtMsec: 'missing' in parsed ? performance.now() + tryAgainMsec : Number.POSITIVE_INFINITY };
      if (this.#kept.size >= rememberedNames) this.#kept.clear();
      this.#kept.set(key, kept);
    }
    const { parsed } = kept;
    // A monitor may have told it: conmon is started with it.
    const hasName = maker.name !== externalId.slice(0, 12) && maker.name !== externalId;
    const told = readableName(maker.name);
    if ('missing' in parsed) return hasName ? { ...maker, name: told } : { ...maker, nameMissing: parsed.missing };
    return { ...maker, name: parsed.name ?? told, ...(parsed.image === undefined ? {} : { image: parsed.image }) };
  }

  readonly #lookUps: Partial<Record<Runtime, (id: string) => Parsed>> = {
    docker: (id) =>
      firstOf(this.#directories.docker, (root) =>
        firstOf(['', ...below(root, /^\d+\.\d+$/)], (remapped) =>
          parse(readTrustedFile(root, joined(remapped, `containers/${id}/config.v2.json`), maxConfigBytes), parseDockerConfig),
        ),
      ),
    containerd: (id) =>
      firstOf(this.#directories.containerd, (root) =>
        firstOf(below(root, idPattern), (namespace) =>
          parse(readTrustedFile(root, `${namespace}/${id}/config.json`, maxConfigBytes), parseBundleConfig),
        ),
      ),
    'cri-o': (id) =>
      firstOf(this.#directories.storage, (root) =>
        firstOf(below(root, /^[a-z0-9]+-containers$/), (driver) =>
          parse(readTrustedFile(root, `${driver}/${id}/userdata/config.json`, maxConfigBytes), parseBundleConfig),
        ),
      ),
    podman: (id) =>
      firstOf(this.#directories.storage, (root) =>
        firstOf(below(root, /^[a-z0-9]+-containers$/), (driver) =>
          // Those that end with their last process (--rm) stand in a list of their own, in newer versions.
          firstOf(['containers.json', 'volatile-containers.json'], (file) => this.#inList(root, `${driver}/${file}`, id)),
        ),
      ),
  };

  #inList(root: string, file: string, id: string): Parsed {
    const path = `${root}/${file}`;
    const known = this.#lists.get(path);
    const nowMsec = performance.now();
    let list = known?.list;
    const isFresh = known !== undefined && nowMsec - known.readAtMsec < listFreshMsec;
    if (!isFresh && (list === undefined || typeof list === 'string' || !list.has(id))) {
      const reading = readTrustedFile(root, file, maxListBytes);
      list = 'missing' in reading ? reading.missing : (parseStorageList(reading.text) ?? 'malformed');
      this.#lists.set(path, { readAtMsec: nowMsec, list });
    }
    if (list === undefined || typeof list === 'string') return { missing: list ?? 'absent' };
    return list.get(id) ?? { missing: 'absent' };
  }
}

const joined = (directory: string, file: string): string => (directory === '' ? file : `${directory}/${file}`);

const parse = (reading: Reading, parser: (text: string) => Parsed): Parsed => ('missing' in reading ? reading : parser(reading.text));

/** Names below a directory that fit; none where it cannot be read. */
function below(directory: string, pattern: RegExp): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => pattern.test(name))
      .slice(0, maxBelow);
  } catch {
    return [];
  }
}

/** What the first place tells that knows it; else the reason that says most: that there is nothing says least. */
function firstOf<T>(places: readonly T[], look: (place: T) => Parsed): Parsed {
  let missing: NameMissing = 'absent';
  for (const place of places) {
    const found = look(place);
    if (!('missing' in found)) return found;
    if (found.missing !== 'absent') missing = found.missing;
  }
  return { missing };
}
