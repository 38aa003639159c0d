/**
 * Every setting of control groups, under one name for both versions, with the files and words of each and the formulas
 * between them. Data and arithmetic on texts: no file is read here.
 */
import { coreSettings, hugePageSize, hugetlbSettings } from './cgroup-setting/core.ts';
import { cpuSettings } from './cgroup-setting/cpu.ts';
import { ioSettings } from './cgroup-setting/io.ts';
import { memorySettings } from './cgroup-setting/memory.ts';
import type { CgroupDialect, CgroupSetting } from './cgroup-setting/types.ts';

export * from './cgroup-setting/device-rules.ts';
export * from './cgroup-setting/types.ts';
export * from './cgroup-setting/value.ts';
export * from './cgroup-setting/weight.ts';
export { hugePageSize, hugetlbSettings };

/** All but those of huge pages, of which every size has its own. */
export const cgroupSettings: readonly CgroupSetting[] = [...cpuSettings, ...memorySettings, ...ioSettings, ...coreSettings];

const byKey = new Map(cgroupSettings.map((setting) => [setting.key, setting]));

/** `hugetlb.2MB.max` and `hugetlb.2MB.limit_in_bytes` both name the size. */
const sizeOf = (name: string): string | undefined => {
  const size = /^hugetlb\.([^.]+)\./.exec(name)?.[1];
  return size !== undefined && hugePageSize.test(size) ? size : undefined;
};

/** The setting of a canonical key. */
export function findCgroupSetting(key: string): CgroupSetting | undefined {
  const size = sizeOf(key);
  return byKey.get(key) ?? (size === undefined ? undefined : hugetlbSettings(size).find((setting) => setting.key === key));
}

/** A setting as the file of one version tells it; several files may tell one setting together. */
export interface FileOfSetting {
  setting: CgroupSetting;
  version: 1 | 2;
  dialect: CgroupDialect;
}

const indexOf = (settings: readonly CgroupSetting[]): Map<string, FileOfSetting[]> => {
  const index = new Map<string, FileOfSetting[]>();
  for (const setting of settings)
    for (const version of [1, 2] as const)
      for (const dialect of version === 1 ? setting.v1 : setting.v2)
        for (const { name } of dialect.files) index.set(name, [...(index.get(name) ?? []), { setting, version, dialect }]);
  return index;
};
const byFile = indexOf(cgroupSettings);

/**
 * What a kernel file tells, of either version: the setting it is the first file of stands first. A file of both versions
 * (`pids.max`) stands with both.
 */
export function settingsOfFile(file: string): readonly FileOfSetting[] {
  const size = sizeOf(file);
  const found = (size === undefined ? byFile : indexOf(hugetlbSettings(size))).get(file) ?? [];
  const isMain = ({ dialect }: FileOfSetting): boolean => dialect.files[0]?.name === file;
  return [...found.filter(isMain), ...found.filter((each) => !isMain(each))];
}

/** Dialects of a setting in one version, the preferred first. */
export const dialectsOf = (setting: CgroupSetting, version: 1 | 2): readonly CgroupDialect[] => (version === 1 ? setting.v1 : setting.v2);
