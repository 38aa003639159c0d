import { readdirSync, readFileSync } from 'node:fs';
import { CGROUP_SUPER_MAGIC } from '@bulkhead/kernel';
import { readDevices } from '../control/device-program.ts';
import { openGroup } from '../control/held-group.ts';
import { parseSpaceSeparated } from '../formats.ts';
import { Hierarchy } from '../hierarchy.ts';
import { type NamedMount, parseNamedMounts } from '../mounts.ts';
import { type Hierarchies, openHierarchies } from '../tree/hierarchies.ts';
import type { ConfigHost } from './side.ts';
import { deviceProgram } from './translate.ts';
import { controllerIn, type Version } from './words.ts';

/** Path of Hierarchy, which has no slash before it, from one of a configuration. */
export const relativePath = (path: string): string => path.slice(1);

/** Every mounted hierarchy, those without a controller too (`name=systemd`), as a configuration sees it. */
export class MountedHost implements ConfigHost, Disposable {
  readonly #hierarchies: Hierarchies;
  readonly #named: { mount: NamedMount; hierarchy: Hierarchy }[];
  readonly #offered: Set<string>;

  /** @param mountinfo contents of /proc/self/mountinfo (proc_pid_mountinfo(5)) */
  constructor(mountinfo: string = readFileSync('/proc/self/mountinfo', 'utf8')) {
    this.#hierarchies = openHierarchies(mountinfo);
    this.#named = parseNamedMounts(mountinfo).flatMap((mount) => {
      try {
        return [{ mount, hierarchy: Hierarchy.open(mount.mountPoint, CGROUP_SUPER_MAGIC, [mount.name]) }];
      } catch {
        return [];
      }
    });
    this.#offered = new Set(parseSpaceSeparated(this.#hierarchies.unified?.read('', 'cgroup.controllers') ?? ''));
  }

  [Symbol.dispose](): void {
    for (const { hierarchy } of this.#named) hierarchy[Symbol.dispose]();
    this.#hierarchies[Symbol.dispose]();
  }

  /** Where a controller of v1, or a named hierarchy, is mounted. */
  mountPointOf(controller: string): string | undefined {
    return this.#legacy(controller)?.mountPoint;
  }

  get hierarchies(): Hierarchy[] {
    return [...this.#hierarchies.all, ...this.#named.map(({ hierarchy }) => hierarchy)];
  }

  get unified(): Hierarchy | undefined {
    return this.#hierarchies.unified;
  }

  #legacy(controller: string): Hierarchy | undefined {
    return this.#hierarchies.with(controller) ?? this.#named.find(({ mount }) => mount.name === controller)?.hierarchy;
  }

  versionOf(controller: string): Version | undefined {
    const legacy = controllerIn(1, controller);
    if (legacy !== undefined && this.#legacy(legacy) !== undefined) return 1;
    if (this.#hierarchies.unified === undefined || controller.startsWith('name=')) return undefined;
    if (controller === 'cgroup') return 2;
    const unified = controllerIn(2, controller);
    if (unified !== undefined) return this.#offered.has(unified) ? 2 : undefined;
    // What v2 has in its core, or not at all, is v2's where nothing of v1 is.
    return this.#hierarchies.setup === 'unified' ? 2 : undefined;
  }

  /** The hierarchy of a controller by the version's own name. */
  hierarchyOf(version: Version, controller: string): Hierarchy | undefined {
    return version === 1 ? this.#legacy(controller) : this.#hierarchies.unified;
  }

  exists(version: Version, controller: string, path: string): boolean {
    const hierarchy = this.hierarchyOf(version, controller);
    if (hierarchy === undefined || !hierarchy.exists(relativePath(path))) return false;
    if (version === 1 || controller === 'cgroup' || path === '/') return true;
    return parseSpaceSeparated(hierarchy.read(relativePath(path), 'cgroup.controllers') ?? '').includes(controller);
  }

  read(version: Version, controller: string, path: string, file: string): string | undefined {
    try {
      if (file === deviceProgram) return this.#devices(path);
      return this.hierarchyOf(version, controller)?.read(relativePath(path), file)?.replace(/\n$/, '');
    } catch {
      // It can only be written, or the kernel does not answer: as good as not there for a comparison.
      return undefined;
    }
  }

  #devices(path: string): string | undefined {
    const { unified } = this.#hierarchies;
    if (unified === undefined) return undefined;
    using directory = openGroup(unified, relativePath(path));
    return directory === undefined ? undefined : readDevices(directory).value;
  }

  /** Any group but the root tells: every group of a kernel has the same files. */
  hasFile(version: Version, controller: string, file: string): boolean | undefined {
    const hierarchy = this.hierarchyOf(version, controller);
    if (hierarchy === undefined) return undefined;
    const candidates = version === 1 ? [''] : [];
    candidates.push(...this.#children(hierarchy));
    for (const path of candidates) {
      if (version === 2 && controller !== 'cgroup' && !this.exists(2, controller, `/${path}`)) continue;
      const names = this.#files(hierarchy, path);
      if (names === undefined) continue;
      if (names.has(file)) return true;
      // The root lacks some; a group below it lacks none.
      if (path !== '') return false;
    }
    return undefined;
  }

  /** Groups directly below the root, as they were when they were first asked for. */
  #children(hierarchy: Hierarchy): string[] {
    const known = this.#childNames.get(hierarchy);
    const names = known ?? hierarchy.childNames('');
    if (known === undefined) this.#childNames.set(hierarchy, names);
    return names;
  }

  readonly #childNames = new Map<Hierarchy, string[]>();
  readonly #listed = new Map<string, Set<string>>();

  #files(hierarchy: Hierarchy, path: string): Set<string> | undefined {
    const directory = hierarchy.absolute(path);
    const before = this.#listed.get(directory);
    if (before !== undefined) return before;
    try {
      const names = new Set(readdirSync(directory));
      this.#listed.set(directory, names);
      return names;
    } catch {
      return undefined;
    }
  }
}
