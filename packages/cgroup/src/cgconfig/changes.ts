import { canonicalValue, type HeldFiles } from '@bulkhead/model';
import type { OwnedChange } from '../control/owner-command.ts';
import { type FileWrite, isDeviceProgram } from './translate.ts';
import { meaningOf, type Version } from './words.ts';

/** Writes of one group as changes of settings, by which is judged what they do to whoever is in it. */
export function changesOf(version: Version, writes: readonly FileWrite[]): OwnedChange[] {
  const held = new Map(writes.map(({ file, value }) => [file, value]));
  const changes = new Map<string, string>();
  for (const write of writes) {
    const found = meaningOf(write.file)[version];
    if (isDeviceProgram(write)) changes.set('devices', write.value);
    else if (found === undefined) changes.set(write.file, write.value);
    else {
      const { setting, dialect } = found;
      const preset: HeldFiles = (file) => held.get(file) ?? dialect.files.find(({ name }) => name === file)?.preset;
      // What cannot be read back (a rule for a device, one of several lines) is judged by what is written.
      try {
        changes.set(setting.key, canonicalValue(setting, dialect.read(preset)));
      } catch {
        changes.set(setting.key, write.value);
      }
    }
  }
  return [...changes].map(([key, value]) => ({ key, value }));
}
