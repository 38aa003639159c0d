import type { CgroupController } from '../cgroup.ts';

/**
 * How a controller hands out what it has (cgroup-v2.rst, "Resource Distribution Models"). `readable` tells something and
 * is set by nobody, or not by us.
 */
export const cgroupModels = ['weight', 'limit', 'protection', 'allocation', 'readable'] as const;
export type CgroupModel = (typeof cgroupModels)[number];

/** Form of a value; `canonicalValue` reads and checks it. Values are text throughout: the kernel's numbers are 64 bits wide. */
export type CgroupValueKind =
  /** A whole number within the range. */
  | 'number'
  /** The same, or `max`. */
  | 'number-or-max'
  /** Bytes, or `max`; `64M` is read as 67108864, as the kernel does. */
  | 'bytes-or-max'
  /** `0` or `1`. */
  | 'flag'
  /** One of the setting's choices. */
  | 'choice'
  /** `QUOTA PERIOD` in microseconds, the quota or `max`; without a period the one that is held stays. */
  | 'quota'
  /** `0-3,7`; may be empty. */
  | 'list'
  /** Percent with two digits after the point, or `max`. */
  | 'percent-or-max'
  /** The weight of all devices on the first line, then `MAJOR:MINOR WEIGHT` a line. A change names what it changes; `MAJOR:MINOR default` takes one back. */
  | 'device-weights'
  /** `MAJOR:MINOR rbps=N wbps=N riops=N wiops=N` a line, N a number or `max`. A change names what it changes. */
  | 'device-limits'
  /** `MAJOR:MINOR target=USEC` a line. A change names what it changes; 0 takes one back. */
  | 'device-targets'
  /** `allow c 1:3 rw` a line, the whole list. */
  | 'device-rules'
  /** `10:1`, hexadecimal: a class of tc(8). */
  | 'class'
  /** `INTERFACE PRIORITY` a line. A change names what it changes. */
  | 'priorities'
  /** Whatever the kernel tells. */
  | 'text';

export type CgroupUnit = 'bytes' | 'usec' | 'percent' | 'bytes/s and operations/s';

/** Text of a kernel file of one group, without the line end; undefined where it has none. */
export type HeldFiles = (file: string) => string | undefined;

/** One write into one kernel file. */
export interface KernelWrite {
  file: string;
  value: string;
  /** What puts back what was, into the same file or into others; absent where nothing can. */
  undo?: string | readonly { file: string; value: string }[];
}

/** How one version of control groups tells and takes a setting. */
export interface CgroupDialect {
  /** Without the first of them there is no such setting at a group. Each with the text it has in a group just made. */
  files: readonly { name: string; preset: string }[];
  /** Kernel that brought it, and that did away with it. */
  since: string;
  until?: string;
  /** The canonical value. @throws Problem('invalid') where the text is not what the kernel writes */
  read(held: HeldFiles): string;
  /** Writes that make it this canonical value, in order; none where it is that already. Absent: it can only be read. */
  write?(value: string, held: HeldFiles): KernelWrite[];
}

/** A formula between the words of both versions. */
export interface CgroupFormula {
  to: 'v1' | 'v2';
  formula: string;
  /** Where it is written down: a file and function of the kernel, or of another program. */
  source: string;
  /** What does not survive; absent where nothing is lost. */
  lost?: string;
}

/** A setting of control groups under one name, the v2 file's where v2 has one. */
export interface CgroupSetting {
  key: string;
  /** `cgroup`: of the core, no controller is needed. */
  controller: CgroupController | 'cgroup';
  /** Controller of v1 that has it, by its own name, where it is another than the v2 name's. */
  legacyController?: string;
  model: CgroupModel;
  kind: CgroupValueKind;
  unit?: CgroupUnit;
  /** The kernel's fixed range of a number. */
  range?: { least: bigint; greatest: bigint };
  choices?: readonly string[];
  /** Canonical value of a group just made. */
  preset: string;
  /** What it does, one line. */
  meaning: string;
  /** True where a threaded group of v2 may have it (cgroup-v2.rst, "Threads"). */
  threaded: boolean;
  /** The first whose first file a group has is the one in force. */
  v1: readonly CgroupDialect[];
  v2: readonly CgroupDialect[];
  formulas: readonly CgroupFormula[];
  /** What to use in its place where it is not there, and how that differs. */
  elsewhere?: string;
}
