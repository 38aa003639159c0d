import type { HeldFiles } from '@bulkhead/model';
import { ConfigError } from './config-error.ts';
import type { ControllerIntent, FileIntent, GroupIntent, GroupPermissions, Intent } from './intent.ts';
import type { Note, NoteDraft } from './note.ts';
import type { Position } from './syntax.ts';
import { type FileWrite, type HeldGroup, translateFiles } from './translate.ts';
import { controllerIn, controllerOfFile, type Version } from './words.ts';

/** What a plan looks at on a host. Controllers by each version's own names; `cgroup` is the core of v2. */
export interface ConfigHost {
  /** Under which version the host has a controller of the configuration; undefined where it has none of it. */
  versionOf(controller: string): Version | undefined;
  /** Whether the group is there in the hierarchy of a controller; on v2 with that controller enabled for it. */
  exists(version: Version, controller: string, path: string): boolean;
  /** @returns undefined where there is no such file, or it cannot be read */
  read(version: Version, controller: string, path: string, file: string): string | undefined;
  /** Whether this kernel has a file for a controller; undefined where no group tells. */
  hasFile(version: Version, controller: string, file: string): boolean | undefined;
}

/** A group in the hierarchies that it is to be in. */
export interface PlannedGroup {
  /** With the namespace before it. */
  path: string;
  at: Position;
  /** Controllers of this version that it is to have; none for a group of v2 without any. */
  controllers: string[];
  /** True where this is how the host has these controllers, so that it is done when the file is applied. */
  here: boolean;
  /** Controllers in whose hierarchy it is missing; where it is not here, all. */
  missing: string[];
  permissions: GroupPermissions | undefined;
  writes: FileWrite[];
  /** Settings that it holds already as they are wanted. */
  same: FileIntent[];
  notes: Note[];
}

/** What a configuration is on one version. */
export interface Side {
  version: Version;
  groups: PlannedGroup[];
  /** Why it cannot be done as it stands. Where a group is not here, that is no fault of the file: it is told, no more. */
  faults: { here: boolean; fault: ConfigError; group: PlannedGroup }[];
}

/** Controllers of one section that have one path, all here or none. */
interface Part {
  path: string;
  here: boolean;
  asked: ControllerIntent[];
}

class Planner {
  readonly #version: Version;
  readonly #text: string;
  readonly #host: ConfigHost;
  readonly #intent: Intent;
  readonly #side: Side;

  constructor(version: Version, intent: Intent, context: { text: string; host: ConfigHost }) {
    this.#version = version;
    this.#intent = intent;
    this.#text = context.text;
    this.#host = context.host;
    this.#side = { version, groups: [], faults: [] };
  }

  plan(): Side {
    for (const group of this.#intent.groups) {
      const parts = this.#parts(group);
      for (const part of parts) this.#group(group, part);
    }
    return this.#side;
  }

  /** Namespace of a controller. On v2 every controller has the one tree, and with it the namespace of any of them. */
  #namespaceOf(controller: string): string {
    const { namespaces } = this.#intent;
    return (this.#version === 1 ? namespaces.get(controller) : namespaces.values().next().value)?.path ?? '/';
  }

  #parts(group: GroupIntent): Part[] {
    const parts = new Map<string, Part>();
    const partOf = (controller: string, here: boolean): Part => {
      const path = `/${[this.#namespaceOf(controller), group.path]
        .flatMap((each) => each.split('/'))
        .filter(Boolean)
        .join('/')}`;
      const part = parts.get(`${here} ${path}`) ?? { path, here, asked: [] };
      parts.set(`${here} ${path}`, part);
      return part;
    };
    for (const asked of group.controllers) partOf(asked.name, this.#host.versionOf(asked.name) === this.#version).asked.push(asked);
    if (group.controllers.length === 0) partOf('', this.#version === 2 && this.#host.versionOf('cgroup') === 2);
    return [...parts.values()];
  }

  #group(group: GroupIntent, { path, here, asked }: Part): void {
    const notes: Note[] = [];
    const note = (at: Position, draft: NoteDraft): void => void notes.push({ at, ...draft });
    const found: ConfigError[] = [];
    const fault = (at: Position, what: string): void => void found.push(new ConfigError(this.#text, at, what));
    const controllers = new Set<string>();
    for (const { name, at } of asked) {
      const own = controllerIn(this.#version, name);
      if (own !== undefined) controllers.add(own);
      else if (name !== 'cgroup') note(at, { code: 'controller-of-v1', params: { controller: name } });
    }
    if (this.#version === 1 && asked.length === 0) note(group.at, { code: 'no-controller', params: { path } });

    const files = group.files.filter(({ controller }) => asked.some(({ name }) => name === controller));
    const { writes, losses, faults } = translateFiles(this.#version, files, here ? this.#held([...controllers], path, files) : {});
    for (const { from, what } of faults) fault(from.valueAt, what);
    for (const write of writes) {
      if (write.controller === 'cgroup' || controllers.has(write.controller)) continue;
      const from = write.from[0] as FileIntent;
      // Words of the other version bring their controller along; a file that is named itself is in the wrong section.
      if (write.setting !== undefined) controllers.add(write.controller);
      else fault(from.at, `${write.file} is a file of ${write.controller}, and stands in the section of ${from.controller}`);
    }
    if (path === '/' && this.#version === 2)
      for (const { file, from } of writes)
        fault((from[0] as FileIntent).at, `the root group of version 2 has no ${file}: it cannot be limited`);
    for (const { from, code, reason } of losses) note(from.at, { code, params: { file: from.file, reason } });
    const { permissions } = group;
    if (this.#version === 2 && permissions !== undefined && Object.keys(permissions.task).length > 0)
      note(permissions.at, { code: 'task-on-v2', params: {} });

    const names = [...controllers];
    const done = new Set([
      ...writes.flatMap(({ from }) => from),
      ...losses.filter(({ code }) => code !== 'approximate').map(({ from }) => from),
      ...faults.map(({ from }) => from),
    ]);
    const planned: PlannedGroup = {
      path,
      at: group.at,
      controllers: names,
      here,
      missing: here ? names.filter((name) => !this.#host.exists(this.#version, name, path)) : names,
      permissions,
      writes,
      same: files.filter((file) => !done.has(file)),
      notes,
    };
    this.#side.groups.push(planned);
    this.#side.faults.push(...found.map((each) => ({ here, fault: each, group: planned })));
  }

  /** Files of the group as they stand. Where it is in none of its hierarchies yet, what a new one has counts. */
  #held(controllers: readonly string[], path: string, files: readonly FileIntent[]): HeldGroup {
    const present = [...controllers, 'cgroup'].filter((name) => this.#host.exists(this.#version, name, path));
    const isThere = present.some((name) => name !== 'cgroup') || (controllers.length === 0 && present.length > 0);
    const held: HeldFiles = (file) => {
      for (const name of present) {
        const text = this.#host.read(this.#version, name, path, file);
        if (text !== undefined) return text;
      }
      return undefined;
    };
    return {
      ...(isThere ? { held } : {}),
      hasFile: (file) => this.#host.hasFile(this.#version, controllerOfFile(this.#version, file, files), file),
    };
  }
}

/**
 * What a configuration is on one version: groups with the hierarchies they are to be in, and the writes into their files.
 * Of what this host has under that version it is what would change.
 */
export const planSide = (version: Version, intent: Intent, context: { text: string; host: ConfigHost }): Side =>
  new Planner(version, intent, context).plan();
