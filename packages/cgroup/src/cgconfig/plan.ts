import { parentsOf } from '../path.ts';
import type { Accounts } from './accounts.ts';
import { ConfigError } from './config-error.ts';
import type { MountedHost } from './host.ts';
import { relativePath } from './host.ts';
import { type GroupPermissions, type Intent, readIntent } from './intent.ts';
import type { Note, NoteDraft } from './note.ts';
import { ownershipChanges } from './ownership.ts';
import { parseConfig } from './parser.ts';
import { type PlannedGroup, planSide, type Side } from './side.ts';
import type { Position } from './syntax.ts';
import type { FileWrite } from './translate.ts';
import { controllerIn, type Version } from './words.ts';

/** Where a step is done: a controller of v1 by its name, or the v2 tree. */
export interface Place {
  version: Version;
  /** Names the hierarchy; `cgroup` is the tree of v2. */
  controller: string;
  /** From `/`. */
  path: string;
}

export type ConfigStep = { at: Position; place: Place } & (
  | { kind: 'make' }
  /** A new cpuset of v1 without CPUs or memory nodes takes no process: it has those of the group above. */
  | { kind: 'fill-cpuset' }
  /** v2: the controller is handed down to the groups below the place. */
  | { kind: 'enable'; enabled: string }
  | { kind: 'write'; write: FileWrite }
  | { kind: 'own'; permissions: GroupPermissions }
);

/** What a configuration is on both versions, and what it would do here. */
export interface ConfigPlan {
  intent: Intent;
  v1: Side;
  v2: Side;
  /** While there is one, nothing can be done. */
  faults: ConfigError[];
  notes: Note[];
  /** In order. None where all is as it is to be already. */
  steps: ConfigStep[];
}

interface Context {
  text: string;
  host: MountedHost;
}

/** What speaks against a file on this host, whatever its settings are. */
function hostFaults(intent: Intent, { text, host }: Context): ConfigError[] {
  const faults: ConfigError[] = [];
  const fault = (at: Position, what: string): void => void faults.push(new ConfigError(text, at, what));
  const missing = new Set<string>();
  for (const { name, at } of intent.groups.flatMap(({ controllers }) => controllers)) {
    if (host.versionOf(name) !== undefined || missing.has(name)) continue;
    missing.add(name);
    fault(at, `this host has no controller ${name}: it is mounted in no hierarchy`);
  }
  for (const group of intent.groups)
    if (group.controllers.length === 0 && host.versionOf('cgroup') === undefined)
      fault(group.at, `${group.path} names no controller, and this host has no version 2 in which it could be without one`);
  const seen = new Map<string, { controller: string; path: string }>();
  for (const [controller, { path, at }] of intent.namespaces) {
    const version = host.versionOf(controller);
    if (version === undefined) {
      fault(at, `this host has no controller ${controller}, so it can have no namespace`);
      continue;
    }
    const hierarchy = host.hierarchyOf(version, controllerIn(version, controller) ?? 'cgroup')?.mountPoint ?? '';
    const before = seen.get(hierarchy);
    if (before !== undefined && before.path !== path)
      fault(at, `${controller} and ${before.controller} share a hierarchy here and cannot have the namespaces ${path} and ${before.path}`);
    seen.set(hierarchy, { controller, path });
  }
  return faults;
}

/** Nothing is mounted by us: a mount section is held against what is. */
function mountNotes(intent: Intent, { host }: Context): Note[] {
  return intent.mounts.map(({ names, mountPoint, at }): Note => {
    const params = { names: names.join(','), mountPoint };
    const draft = ((): NoteDraft => {
      if (names.some((name) => host.versionOf(name) === undefined)) return { code: 'mount-missing', params };
      if (names.some((name) => host.versionOf(name) === 2)) return { code: 'mount-unified', params };
      const mounted = [...new Set(names.map((name) => host.mountPointOf(controllerIn(1, name) ?? name) ?? ''))];
      return mounted.length === 1 && mounted[0] === mountPoint
        ? { code: 'mount-as-wanted', params }
        : { code: 'mount-elsewhere', params: { ...params, mounted: mounted.join(' ') } };
    })();
    return { at, ...draft };
  });
}

/** Steps in order: each group's directories, then its owners, then its values, as libcgroup does it. */
class Steps {
  readonly #host: MountedHost;
  readonly #steps: ConfigStep[] = [];
  readonly #made = new Set<string>();
  readonly #enabled = new Set<string>();

  constructor(host: MountedHost) {
    this.#host = host;
  }

  of(sides: readonly Side[]): ConfigStep[] {
    for (const { version, groups } of sides)
      for (const group of groups) {
        if (!group.here) continue;
        const places = this.#places(version, group);
        for (const place of places) this.#make(place, group);
        if (group.permissions !== undefined) for (const place of places) this.#own(place, group.permissions);
        for (const write of group.writes)
          this.#steps.push({
            kind: 'write',
            at: write.from[0]?.at ?? group.at,
            place: { version, controller: version === 2 ? 'cgroup' : write.controller, path: group.path },
            write,
          });
      }
    return this.#steps;
  }

  /** One of each hierarchy: controllers that are mounted together have one directory. */
  #places(version: Version, { controllers, path }: PlannedGroup): Place[] {
    if (version === 2) return [{ version, controller: 'cgroup', path }];
    const byMount = new Map<string, Place>();
    for (const controller of controllers) {
      const hierarchy = this.#host.hierarchyOf(1, controller);
      if (hierarchy !== undefined && !byMount.has(hierarchy.mountPoint)) byMount.set(hierarchy.mountPoint, { version, controller, path });
    }
    return [...byMount.values()];
  }

  #make(place: Place, group: PlannedGroup): void {
    const { version, controller, path } = place;
    const hierarchy = this.#host.hierarchyOf(version, controller);
    if (hierarchy === undefined || path === '/') return;
    const relative = relativePath(path);
    for (const each of [...parentsOf(relative), relative]) {
      if (version === 2) this.#enable(each, group);
      const key = hierarchy.absolute(each);
      if (hierarchy.exists(each) || this.#made.has(key)) continue;
      this.#made.add(key);
      const made = { ...place, path: `/${each}` };
      this.#steps.push({ kind: 'make', at: group.at, place: made });
      if (version === 1 && hierarchy.controllers.has('cpuset')) this.#steps.push({ kind: 'fill-cpuset', at: group.at, place: made });
    }
  }

  /** Controllers of v2 are handed down by the group above, and by every one above that. */
  #enable(relative: string, group: PlannedGroup): void {
    const above = `/${relative.split('/').slice(0, -1).join('/')}`;
    const enabled = (this.#host.read(2, 'cgroup', above, 'cgroup.subtree_control') ?? '').split(' ');
    for (const controller of group.controllers) {
      const key = `${above} ${controller}`;
      if (controller === 'cgroup' || enabled.includes(controller) || this.#enabled.has(key)) continue;
      this.#enabled.add(key);
      this.#steps.push({ kind: 'enable', at: group.at, place: { version: 2, controller: 'cgroup', path: above }, enabled: controller });
    }
  }

  #own(place: Place, permissions: GroupPermissions): void {
    const hierarchy = this.#host.hierarchyOf(place.version, place.controller);
    if (hierarchy === undefined) return;
    const relative = relativePath(place.path);
    if (hierarchy.exists(relative) && ownershipChanges(hierarchy.absolute(relative), place.version, permissions).length === 0) return;
    this.#steps.push({ kind: 'own', at: permissions.at, place, permissions });
  }
}

/** Plans what was read on both versions, and here. Nothing is done. @param text what it was read from, of which lines are shown */
export function planIntent(intent: Intent, text: string, host: MountedHost): ConfigPlan {
  const context: Context = { text, host };
  const v1 = planSide(1, intent, context);
  const v2 = planSide(2, intent, context);
  const faults = [
    ...intent.faults,
    ...hostFaults(intent, context),
    ...[v1, v2].flatMap((side) => side.faults.filter(({ here }) => here).map(({ fault }) => fault)),
  ];
  faults.sort((left, right) => left.at.line - right.at.line || left.at.column - right.at.column);
  return {
    intent,
    v1,
    v2,
    faults,
    notes: [...intent.notes, ...mountNotes(intent, context)],
    steps: faults.length > 0 ? [] : new Steps(host).of([v1, v2]),
  };
}

/**
 * Reads a configuration and plans it.
 *
 * @throws ConfigError where the text does not hold to the grammar
 */
export const planConfig = (text: string, { host, accounts }: { host: MountedHost; accounts: Accounts }): ConfigPlan =>
  planIntent(readIntent(parseConfig(text), text, accounts), text, host);
