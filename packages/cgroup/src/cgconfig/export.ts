import { readdirSync, statSync } from 'node:fs';
import {
  type CgroupDialect,
  type CgroupSetting,
  cgroupSettings,
  dialectsOf,
  type HeldFiles,
  type KernelWrite,
  Problem,
} from '@bulkhead/model';
import type { Accounts } from './accounts.ts';
import { type MountedHost, relativePath } from './host.ts';
import { isPrintable, printConfig } from './print.ts';
import type { Assignment, ControllerSection, GroupSection, Permissions, Word } from './syntax.ts';
import { deviceProgram } from './translate.ts';
import { controllerIn, legacyControllerOf, type Version } from './words.ts';

export interface ExportOptions {
  /** The words of which version. libcgroup reads both from its version 3 on, and converts. */
  words: Version;
  /** By the names of either version; all by default. */
  controllers?: readonly string[];
  /** What a group just made has as well. */
  all?: boolean;
}

/** Groups in one file, at most: as many as libcgroup's own largest sample has. */
const mostGroups = 2000;
const nowhere = { line: 1, column: 1 };
const word = (text: string): Word => ({ text, at: nowhere });

/** Controllers that v1 may have, in the order they are written. */
const legacyControllers = [
  'cpu',
  'cpuacct',
  'cpuset',
  'memory',
  'blkio',
  'pids',
  'devices',
  'freezer',
  'hugetlb',
  'net_cls',
  'net_prio',
  'perf_event',
  'rdma',
  'misc',
];
const unifiedControllers = ['cpu', 'cpuset', 'memory', 'io', 'pids', 'hugetlb', 'rdma', 'misc'];

interface Found {
  version: Version;
  /** By the version's own name; `cgroup` is the tree of v2. */
  controller: string;
}

class Exporter {
  readonly #host: MountedHost;
  readonly #accounts: Accounts;
  readonly #options: ExportOptions;
  /** What could not be written, a line each. */
  readonly lost: string[] = [];

  constructor(context: { host: MountedHost; accounts: Accounts }, options: ExportOptions) {
    this.#host = context.host;
    this.#accounts = context.accounts;
    this.#options = options;
  }

  #isWanted(controller: string): boolean {
    const { controllers } = this.#options;
    return (
      controllers === undefined ||
      controllers.some((each) => each === controller || controllerIn(1, each) === controller || controllerIn(2, each) === controller)
    );
  }

  /** Where a group has controllers: hierarchies of v1 that have it, and what is enabled for it on v2. */
  placesOf(path: string): Found[] {
    const legacy = legacyControllers
      .filter((name) => this.#isWanted(name) && this.#host.exists(1, name, path))
      .map((controller): Found => ({ version: 1, controller }));
    const unified = unifiedControllers
      .filter((name) => this.#isWanted(name) && this.#host.exists(2, name, path))
      .map((controller): Found => ({ version: 2, controller }));
    return [...legacy, ...unified];
  }

  /** Groups at a path and below it in any of its hierarchies, parents first. */
  *groups(path: string): Generator<string> {
    const hierarchies = new Set(
      [
        ...legacyControllers.filter((name) => this.#isWanted(name)).map((name) => this.#host.hierarchyOf(1, name)),
        this.#host.unified,
      ].filter((each) => each !== undefined),
    );
    const waiting = [path];
    for (let each = waiting.shift(); each !== undefined; each = waiting.shift()) {
      yield each;
      const names = new Set([...hierarchies].flatMap((hierarchy) => hierarchy.childNames(relativePath(each as string))));
      waiting.push(...[...names].sort().map((name) => `${each === '/' ? '' : each}/${name}`));
    }
  }

  group(path: string): GroupSection | undefined {
    if (!isPrintable(path)) {
      this.lost.push(`${JSON.stringify(path)}: a cgconfig.conf has no way to write this name`);
      return undefined;
    }
    const places = this.placesOf(path);
    const isBare =
      places.length === 0 && this.#host.unified?.exists(relativePath(path)) === true && this.#options.controllers === undefined;
    const sections = new Map<string, Assignment[]>();
    for (const { controller } of places) {
      const name = controllerIn(this.#options.words, controller);
      if (name !== undefined && !sections.has(name)) sections.set(name, []);
    }
    const written = new Map<string, string>();
    for (const setting of cgroupSettings) this.#setting(path, setting, { sections, written });
    if (sections.size === 0 && isBare && this.#options.words === 2) sections.set('cgroup', []);
    if (sections.size === 0) return undefined;
    const controllers = [...sections].map(([name, settings]): ControllerSection => ({ controller: word(name), settings }));
    return { kind: 'group', at: nowhere, name: word(path.slice(1)), permissions: this.#permissions(path, places), controllers };
  }

  #heldOf({ version, controller }: Found, path: string): HeldFiles {
    return (file) => this.#host.read(version, controller, path, file);
  }

  /** The dialect that a group has a setting in, and where. */
  #inForce(path: string, setting: CgroupSetting): { found: Found; dialect: CgroupDialect } | undefined {
    for (const version of [1, 2] as const) {
      const found: Found = { version, controller: version === 1 ? legacyControllerOf(setting) : 'cgroup' };
      const dialect = dialectsOf(setting, version).find(
        ({ files }) => this.#host.read(version, found.controller, path, files[0]?.name ?? '') !== undefined,
      );
      if (dialect !== undefined) return { found, dialect };
    }
    return undefined;
  }

  /** @param written what a new group would hold by what is written so far: memory with swap of v1 is told with memory */
  #setting(
    path: string,
    setting: CgroupSetting,
    { sections, written }: { sections: Map<string, Assignment[]>; written: Map<string, string> },
  ): void {
    const { words, all = false } = this.#options;
    if (setting.kind === 'device-rules' && this.#devicesOfV2(path, setting, sections)) return;
    const inForce = this.#inForce(path, setting);
    if (inForce === undefined || inForce.dialect.write === undefined) return;
    if (!this.#isWanted(inForce.found.version === 1 ? legacyControllerOf(setting) : setting.controller)) return;
    const held = this.#heldOf(inForce.found, path);
    let value: string;
    try {
      value = inForce.dialect.read(held);
    } catch (failure) {
      this.lost.push(`${path}: ${(failure as Error).message}`);
      return;
    }
    const target =
      inForce.found.version === words || setting.kind === 'device-rules'
        ? inForce.dialect
        : dialectsOf(setting, words).find(({ write }) => write !== undefined);
    if (target?.write === undefined) {
      const reason = setting.formulas.find(({ to }) => to === `v${words}`)?.lost ?? setting.elsewhere ?? 'it has none';
      if (value !== setting.preset)
        this.lost.push(`${path}: ${setting.key} = ${JSON.stringify(value)} has no word in version ${words}: ${reason}`);
      return;
    }
    const presetOf = (file: string) =>
      all && setting.kind !== 'device-rules' ? undefined : target.files.find(({ name }) => name === file)?.preset;
    const preset: HeldFiles = (file) => written.get(file) ?? presetOf(file);
    const writes = this.#writes(target.write, value, preset);
    // Weights of one version have steps that the other lacks: in its own words it is written as it stands.
    if (inForce.found.version === words) exact(target, held, writes, all);
    for (const [file, text] of merged(writes)) {
      written.set(file, text);
      if (!isPrintable(text)) {
        this.lost.push(`${path}: ${file} holds ${JSON.stringify(text)}, which cannot be written`);
        continue;
      }
      const controller = words === 1 ? legacyControllerOf(setting) : setting.controller;
      sections.set(controller, [...(sections.get(controller) ?? []), { name: word(file), value: word(text) }]);
    }
  }

  /** A program has no words in version 2: those of v1 are read there all the same. */
  #devicesOfV2(path: string, setting: CgroupSetting, sections: Map<string, Assignment[]>): boolean {
    if (this.#host.versionOf('devices') !== 2 || !this.#isWanted('devices')) return false;
    const value = this.#host.read(2, 'cgroup', path, deviceProgram);
    const [legacy] = setting.v1;
    if (value === undefined || legacy?.write === undefined || (value === setting.preset && this.#options.all !== true)) return true;
    const preset: HeldFiles = (file) => legacy.files.find(({ name }) => name === file)?.preset;
    const lines = [...merged(this.#writes(legacy.write, value, preset))].map(([file, text]) => ({ name: word(file), value: word(text) }));
    if (lines.length > 0) sections.set('devices', lines);
    return true;
  }

  #writes(write: NonNullable<CgroupDialect['write']>, value: string, held: HeldFiles): KernelWrite[] {
    try {
      return write(value, held);
    } catch (failure) {
      if (!(failure instanceof Problem)) throw failure;
      this.lost.push(failure.message);
      return [];
    }
  }

  /** Owners, where they are anybody's but root's and the grammar can tell them: one for all files, one for those that move processes. */
  #permissions(path: string, places: readonly Found[]): Permissions | undefined {
    const first = places[0];
    const hierarchy = first === undefined ? this.#host.unified : this.#host.hierarchyOf(first.version, first.controller);
    if (hierarchy === undefined || path === '/') return undefined;
    const directory = hierarchy.absolute(relativePath(path));
    const taskFiles = hierarchy === this.#host.unified ? ['cgroup.procs', 'cgroup.threads'] : ['tasks'];
    try {
      const admin = statSync(directory);
      const task = statSync(`${directory}/${taskFiles[0]}`);
      const owners = readdirSync(directory, { withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ name }) => ({ name, found: statSync(`${directory}/${name}`), wanted: taskFiles.includes(name) ? task : admin }));
      if ([admin, ...owners.map(({ found }) => found)].every(({ uid, gid }) => uid === 0 && gid === 0)) return undefined;
      if (owners.some(({ found, wanted }) => found.uid !== wanted.uid || found.gid !== wanted.gid)) {
        this.lost.push(`${path}: single files have owners of their own, which a cgconfig.conf cannot tell`);
        return undefined;
      }
      const of = ({ uid, gid }: { uid: number; gid: number }): Assignment[] => [
        { name: word('uid'), value: word(this.#accounts.userName(uid) ?? String(uid)) },
        { name: word('gid'), value: word(this.#accounts.groupName(gid) ?? String(gid)) },
      ];
      return { at: nowhere, first: 'task', task: of(task), admin: of(admin) };
    } catch {
      // The group vanished while it was looked at; it is left out of the owners, and comes back as root's.
      return undefined;
    }
  }
}

/** Replaces or adds the number that a file holds where the canonical value is only near it. */
function exact(dialect: CgroupDialect, held: HeldFiles, writes: KernelWrite[], all: boolean): void {
  for (const { name, preset } of dialect.files) {
    const text = held(name);
    const number = /^(?:default )?(\d+)$/m.exec(text ?? '')?.[1];
    if (!/(?:shares|weight)$/.test(name) || number === undefined) continue;
    const index = writes.findIndex(({ file, value }) => file === name && /^(?:default )?\d+$/.test(value));
    if (index >= 0) writes[index] = { file: name, value: number };
    else if (all || text !== preset) writes.unshift({ file: name, value: number });
  }
}

/** Writes into one file are the lines of one value. */
function merged(writes: readonly KernelWrite[]): Map<string, string> {
  const files = new Map<string, string>();
  for (const { file, value } of writes) {
    const before = files.get(file);
    files.set(file, before === undefined ? value.trim() : `${before}\n${value.trim()}`);
  }
  return files;
}

/**
 * The groups at a path and below it as a cgconfig.conf: only what a new group would not have, unless all is asked for. Read
 * again here it changes nothing. What the words of that version cannot tell stands in comments.
 *
 * @throws Problem('not-found') where there is no such group, Problem('exhausted') where there are too many
 */
export function exportConfig(
  path: string,
  context: { host: MountedHost; accounts: Accounts },
  options: ExportOptions,
): { text: string; lost: string[] } {
  const exporter = new Exporter(context, options);
  const isThere = exporter.placesOf(path).length > 0 || context.host.unified?.exists(relativePath(path)) === true;
  if (!isThere) {
    throw new Problem(
      'not-found',
      `there is no cgroup ${path}${options.controllers === undefined ? '' : ` with ${options.controllers.join(', ')}`}`,
      {
        remedy: './bulkhead cgroup ls lists them',
      },
    );
  }
  const sections: GroupSection[] = [];
  let looked = 0;
  for (const each of exporter.groups(path)) {
    // The root of a hierarchy has no limits.
    if (each === '/') continue;
    looked += 1;
    if (looked > mostGroups)
      throw new Problem('exhausted', `there are more than ${mostGroups} groups at ${path} and below`, {
        remedy: 'export a part of them: give a path further down',
      });
    const section = exporter.group(each);
    if (section !== undefined) sections.push(section);
  }
  const { lost } = exporter;
  const comments = lost
    .flatMap((line) => line.split('\n'))
    .map((line) => `# ${line}\n`)
    .join('');
  return { text: `# ${path} and below, in words of version ${options.words}.\n${comments}\n${printConfig({ sections })}`, lost };
}
