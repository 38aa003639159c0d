import {
  type CgroupDialect,
  type CgroupFormula,
  type CgroupSetting,
  canonicalValue,
  cgroupSettings,
  dialectsOf,
  type HeldFiles,
  type KernelWrite,
  Problem,
} from '@bulkhead/model';
import type { FileIntent } from './intent.ts';
import { actionOf, asHeld, legacyControllerOf, legacyReason, meaningOf, type Version } from './words.ts';

/** A write into a kernel file, and which lines of the configuration ask for it. */
export interface FileWrite {
  /** The controller whose hierarchy or group has the file, by the version's own name; `cgroup` for files of the core. */
  controller: string;
  file: string;
  value: string;
  /** What stands there; absent where the group or the file is not there. */
  before?: string;
  undo?: KernelWrite['undo'];
  from: FileIntent[];
  /** The setting, and how its words became those of this version; absent where the file was named itself. */
  setting?: string;
  formula?: CgroupFormula;
}

/** On v2 the devices of a group are a program, in no file (kernel/bpf/cgroup.c). */
export const deviceProgram = 'device program';
export const isDeviceProgram = ({ file }: { file: string }): boolean => file === deviceProgram;

/** Something that a version cannot do, or only otherwise. */
export interface Loss {
  from: FileIntent;
  code: 'no-equivalent' | 'unknown-file' | 'read-only' | 'approximate';
  reason: string;
}

export interface Translation {
  writes: FileWrite[];
  losses: Loss[];
  /** What the version would refuse: nothing can be done while there is one. */
  faults: { from: FileIntent; what: string }[];
}

/** One setting of a group with the lines that speak of it. */
interface Asked {
  setting: CgroupSetting;
  /** The version whose words the lines are in. */
  version: Version;
  dialect: CgroupDialect;
  from: FileIntent[];
}

const ruleLine = (verb: 'allow' | 'deny', line: string): string => `${verb} ${line.trim()}`;

/** devices.allow and devices.deny are written line by line, each on top of what was before. */
function deviceRules(from: readonly FileIntent[]): string {
  const lines = from.flatMap(({ file, value }) =>
    value
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => ruleLine(file === 'devices.deny' ? 'deny' : 'allow', line)),
  );
  return lines.join('\n');
}

/** The canonical value that the lines mean, on top of what is held. Lines of other settings count: swap of v1 is told with memory. */
function canonicalOf({ setting, dialect, from }: Asked, given: ReadonlyMap<string, string>, held: HeldFiles): string {
  if (setting.kind === 'device-rules') return canonicalValue(setting, deviceRules(from));
  // The state that is asked for, not the one before.
  const hidden = given.has('freezer.state') ? 'freezer.self_freezing' : undefined;
  const overlaid: HeldFiles = (file) => given.get(file) ?? (file === hidden ? undefined : held(file));
  return canonicalValue(setting, dialect.read(overlaid));
}

/** The registry's order: memory stands before swap, which is counted from it. Sizes of huge pages come last. */
const placeOf = new Map(cgroupSettings.map(({ key }, index) => [key, index]));
const byPlace = (left: Asked, right: Asked): number =>
  (placeOf.get(left.setting.key) ?? placeOf.size) - (placeOf.get(right.setting.key) ?? placeOf.size);

/** What a group just made tells. */
const presetOf =
  (dialects: readonly CgroupDialect[]): HeldFiles =>
  (file) =>
    dialects.flatMap(({ files }) => files).find(({ name }) => name === file)?.preset;

/**
 * Weights of one version have steps that the other lacks: in the words they are written in, they are written as they are.
 * A single number alone: files with a line for each device are taken line by line.
 */
const isExact = ({ kind }: CgroupSetting, { value }: FileIntent): boolean =>
  (kind === 'number' || kind === 'device-weights') && /^\s*\d+\s*$/.test(value);

/** What is known of one group on the host; nothing at all where its version is not the host's. */
export interface HeldGroup {
  /** What its files hold; absent where the group is not there yet. */
  held?: HeldFiles;
  /** Whether this kernel has a file; absent where nobody can tell. */
  hasFile?: (file: string) => boolean | undefined;
}

class Translator {
  readonly #version: Version;
  readonly #files: readonly FileIntent[];
  readonly #host: HeldGroup;
  readonly #exists: boolean;
  /** What files hold after the writes so far. */
  readonly #written: Map<string, string> = new Map();
  /** What the lines give each file, by the version of its words. */
  readonly #given: Record<Version, Map<string, string>> = { 1: new Map(), 2: new Map() };
  readonly #translation: Translation = { writes: [], losses: [], faults: [] };

  constructor(version: Version, files: readonly FileIntent[], host: HeldGroup) {
    this.#version = version;
    this.#files = files;
    this.#host = host;
    this.#exists = host.held !== undefined;
  }

  translate(): Translation {
    for (const asked of this.#bySetting().sort(byPlace)) {
      try {
        if (asked.version === this.#version) this.#native(asked);
        else this.#foreign(asked);
      } catch (failure) {
        if (!(failure instanceof Problem)) throw failure;
        for (const from of asked.from.slice(0, 1)) this.#translation.faults.push({ from, what: failure.message });
      }
    }
    return this.#translation;
  }

  /** Files that tell one setting belong together, in whatever order they stand. */
  #bySetting(): Asked[] {
    const asked = new Map<string, Asked>();
    for (const from of this.#files) {
      const action = actionOf(from.file);
      const meaning = meaningOf(from.file);
      const other = this.#version === 1 ? 2 : 1;
      const version: Version = meaning[this.#version] === undefined ? other : this.#version;
      const found = meaning[version];
      if (action !== undefined) this.#translation.faults.push({ from, what: `${from.file} is no setting: ${action}` });
      else if (found === undefined) this.#unknown(from);
      else if (found.dialect.write === undefined)
        this.#translation.losses.push({ from, code: 'read-only', reason: `${from.file} can only be read` });
      else if (version === this.#version && this.#host.hasFile?.(from.file) === false)
        this.#translation.faults.push({ from, what: `this kernel has no ${from.file}` });
      else {
        const key = `${version} ${found.setting.key}`;
        this.#given[version].set(from.file, asHeld(from.file, from.value, found.setting));
        const before = asked.get(key);
        if (before === undefined) asked.set(key, { setting: found.setting, version, dialect: found.dialect, from: [from] });
        else before.from.push(from);
      }
    }
    return [...asked.values()];
  }

  /** A file that no setting speaks of: it is written as it stands where this kernel has it. */
  #unknown(from: FileIntent): void {
    const reason = legacyReason(from.file);
    const isHere = this.#host.hasFile?.(from.file);
    const value = from.value.trim();
    if (isHere === false) this.#translation.faults.push({ from, what: `this kernel has no ${from.file}` });
    else if (isHere === true || (this.#version === 1 && reason !== undefined)) {
      const before = this.#heldNow(from.file);
      if (before !== value)
        this.#push(from.controller, { file: from.file, value, ...(before === undefined ? {} : { undo: before }) }, [from]);
    } else if (this.#version === 2 && reason !== undefined) this.#translation.losses.push({ from, code: 'no-equivalent', reason });
    else this.#translation.losses.push({ from, code: 'unknown-file', reason: `${from.file} is not known here` });
  }

  /** What a file holds after the writes so far. */
  #heldNow(file: string): string | undefined {
    return this.#written.get(file) ?? this.#host.held?.(file);
  }

  #heldOf(dialects: readonly CgroupDialect[]): HeldFiles {
    const preset = presetOf(dialects);
    return (file) => this.#heldNow(file) ?? (this.#exists ? undefined : preset(file));
  }

  #push(controller: string, write: KernelWrite, from: FileIntent[], facts: Pick<FileWrite, 'setting' | 'formula'> = {}): void {
    const before = this.#host.held?.(write.file);
    this.#written.set(write.file, write.value);
    this.#translation.writes.push({ controller, ...write, ...(before === undefined ? {} : { before }), from, ...facts });
  }

  #controllerOf(setting: CgroupSetting): string {
    return this.#version === 1 ? legacyControllerOf(setting) : setting.controller;
  }

  /** Lines in this version's own words: validated, in an order that the kernel takes, and exact. */
  #native(asked: Asked): void {
    const { setting, dialect, from } = asked;
    const held = this.#heldOf([dialect]);
    const value = canonicalOf(asked, this.#given[this.#version], held);
    const writes = (dialect.write as NonNullable<CgroupDialect['write']>)(value, held);
    const exact = from.filter((each) => isExact(setting, each));
    const exactFiles = new Set(exact.map(({ file }) => file));
    for (const write of writes) if (!exactFiles.has(write.file)) this.#push(this.#controllerOf(setting), write, from);
    for (const each of exact) {
      const before = held(each.file);
      const number = String(BigInt(each.value.trim()));
      if (/^(?:default )?(\d+)$/m.exec(before ?? '')?.[1] === number) continue;
      this.#push(this.#controllerOf(setting), { file: each.file, value: number, ...(before === undefined ? {} : { undo: before }) }, [
        each,
      ]);
    }
    // Memory with swap of v1 is never less than memory alone.
    if (setting.kind === 'bytes-or-max')
      for (const each of from)
        if (asHeld(each.file, held(each.file) ?? '', setting) !== asHeld(each.file, each.value, setting))
          this.#translation.faults.push({
            from: each,
            what: `${each.file} cannot be ${each.value} here: ${setting.key} would be ${value}`,
          });
  }

  /** Lines in the other version's words. */
  #foreign(asked: Asked): void {
    const { setting, dialect, from } = asked;
    const own = dialectsOf(setting, this.#version).filter(({ write }) => write !== undefined);
    const formula = setting.formulas.find(({ to }) => to === (this.#version === 1 ? 'v1' : 'v2'));
    const value = canonicalOf(asked, this.#given[asked.version], presetOf([dialect]));
    if (own.length === 0 && setting.kind === 'device-rules') {
      const held = this.#heldNow(deviceProgram) ?? setting.preset;
      if (held !== value)
        this.#push('cgroup', { file: deviceProgram, value, undo: held }, from, {
          setting: setting.key,
          ...(formula === undefined ? {} : { formula }),
        });
      return;
    }
    if (own.length === 0) {
      for (const each of from)
        this.#translation.losses.push({
          from: each,
          code: 'no-equivalent',
          reason: formula?.lost ?? setting.elsewhere ?? `version ${this.#version} has none`,
        });
      return;
    }
    const present =
      own.find(
        ({ files }) => this.#host.hasFile?.(files[0]?.name ?? '') ?? (!this.#exists || this.#heldNow(files[0]?.name ?? '') !== undefined),
      ) ?? (own[0] as CgroupDialect);
    const writes = (present.write as NonNullable<CgroupDialect['write']>)(value, this.#heldOf([present]));
    for (const write of writes)
      this.#push(this.#controllerOf(setting), write, from, { setting: setting.key, ...(formula === undefined ? {} : { formula }) });
    if (formula?.lost !== undefined && from[0] !== undefined)
      this.#translation.losses.push({ from: from[0], code: 'approximate', reason: formula.lost });
  }
}

/** What the files that one group's section names become on a version. */
export const translateFiles = (version: Version, files: readonly FileIntent[], host: HeldGroup = {}): Translation =>
  new Translator(version, files, host).translate();
