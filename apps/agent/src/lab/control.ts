import type { Hierarchies } from '@bulkhead/cgroup';
import { dialectsOf, findCgroupSetting, parseNumberList, settingsOfFile } from '@bulkhead/model';

/** One write into a kernel file, and the shell's way to do the same. */
export interface LabWrite {
  setting: string;
  file: string;
  value: string;
  command: string;
}

type Hierarchy = Hierarchies['legacy'][number];

const quote = (text: string): string => (/^[\w:.,-]+$/.test(text) ? text : `'${text}'`);

/** What labs write into kernel files and read from them beyond counters. */
export class LabControl {
  readonly #hierarchies: Hierarchies;
  constructor(hierarchies: Hierarchies) {
    this.#hierarchies = hierarchies;
  }
  #of(controller: string): { tree: Hierarchy; version: 1 | 2 } {
    const legacy = this.#hierarchies.with(controller === 'io' ? 'blkio' : controller);
    if (legacy !== undefined) return { tree: legacy, version: 1 };
    return { tree: this.#hierarchies.unified as Hierarchy, version: 2 };
  }
  #read(controller: string, path: string, legacyFile: string, file = legacyFile): string | undefined {
    const { tree, version } = this.#of(controller);
    return tree.read(path, version === 1 ? legacyFile : file)?.trim();
  }
  has(path: string, key: string): boolean {
    const setting = findCgroupSetting(key);
    const { tree, version } = this.#of(setting?.controller ?? '');
    return (
      setting !== undefined &&
      dialectsOf(setting, version).some((d) => d.files[0] !== undefined && tree.read(path, d.files.at(0)?.name ?? '') !== undefined)
    );
  }
  set(path: string, key: string, value: string): LabWrite[] {
    const raw = key === 'cpu.shares';
    const setting = raw ? settingsOfFile(key)[0]?.setting : findCgroupSetting(key);
    if (setting === undefined) throw new Error(key);
    const { tree, version } = this.#of(key === 'cgroup.freeze' ? 'freezer' : setting.controller);
    const dialect = dialectsOf(setting, version)[0];
    const writes =
      raw && version === 1 ? [{ file: key, value }] : (dialect?.write?.(value, (file) => tree.read(path, file)?.trimEnd()) ?? []);
    return writes.map((write) => {
      tree.write(path, write.file, write.value);
      const file = `${tree.absolute(path)}/${write.file}`;
      return { setting: setting.key, file, value: write.value, command: `echo ${quote(write.value)} > ${file}` };
    });
  }
  isFrozen(path: string): boolean {
    const text = this.#read('freezer', path, 'freezer.state', 'cgroup.events');
    return text === 'FROZEN' || /^frozen 1$/m.test(text ?? '');
  }
  cpusOf(path: string): number[] {
    return parseNumberList(this.#read('cpuset', path, 'cpuset.effective_cpus', 'cpuset.cpus.effective') ?? '') ?? [];
  }
  cpuWeight(path: string): number | undefined {
    const text = this.#read('cpu', path, 'cpu.shares', 'cpu.weight');
    return text === undefined ? undefined : Number(text);
  }
  pidsRefused(path: string): number | undefined {
    const found = /^max (\d+)$/m.exec(this.#read('pids', path, 'pids.events') ?? '')?.[1];
    return found === undefined ? undefined : Number(found);
  }
  pidsPeak(path: string): number | undefined {
    const text = this.#read('pids', path, 'pids.peak');
    return text === undefined ? undefined : Number(text);
  }
}
