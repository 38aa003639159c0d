import type { CgroupControl, Hierarchies } from '@bulkhead/cgroup';
import { Recorder } from '@bulkhead/kernel';
import { type CgroupStep, parseNumberList } from '@bulkhead/model';

/** One write into a kernel file, and the shell's way to do the same. */
export interface LabWrite {
  setting: string;
  file: string;
  value: string;
  command: string;
}

const quote = (text: string): string => (/^[\w:.,-]+$/.test(text) ? text : `'${text}'`);

/** `echo 200 > /sys/fs/cgroup/cpu/…/cpu.shares` */
export const commandOf = ({ file, after }: Pick<CgroupStep, 'file' | 'after'>): string => `echo ${quote(after)} > ${file}`;

const toWrites = (steps: readonly CgroupStep[], key: string): LabWrite[] =>
  steps.map((step) => ({ setting: step.key ?? key, file: step.file, value: step.after, command: commandOf(step) }));

/** What labs write into kernel files, by the engine that writes all, and what they read from them beyond counters. */
export class LabControl {
  readonly #control: CgroupControl;
  readonly #hierarchies: Hierarchies;

  constructor(control: CgroupControl, hierarchies: Hierarchies) {
    this.#control = control;
    this.#hierarchies = hierarchies;
  }

  /** Whether a setting can be made at a group here. */
  has(path: string, key: string): boolean {
    return this.#control
      .settings(`/${path}`)
      .some((state) => state.key === key && state.value !== undefined && state.refused === undefined);
  }

  /** @param key a setting, or a kernel file of either version, whose value is converted where the other is in force */
  set(path: string, key: string, value: string, recorder = new Recorder()): LabWrite[] {
    const plan = this.#control.plan(`/${path}`, [{ key, value }]);
    this.#control.apply(plan, { recorder });
    return toWrites(plan.steps, key);
  }

  /** Answers once all of a group stands still, or goes on. */
  async setFrozen(path: string, isFrozen: boolean, recorder = new Recorder()): Promise<LabWrite[]> {
    const key = 'cgroup.freeze';
    const { steps } = this.#control.plan(`/${path}`, [{ key, value: isFrozen ? '1' : '0' }]);
    await this.#control[isFrozen ? 'freeze' : 'thaw'](`/${path}`, { recorder });
    return toWrites(steps, key);
  }

  #read(path: string, controller: string, legacyFile: string, file = legacyFile): string | undefined {
    const legacy = this.#hierarchies.with(controller);
    return legacy === undefined ? this.#hierarchies.unified?.read(path, file) : legacy.read(path, legacyFile);
  }

  #number(path: string, controller: string, legacyFile: string, file = legacyFile): number | undefined {
    const text = this.#read(path, controller, legacyFile, file)?.trim();
    return text === undefined || !/^\d+$/.test(text) ? undefined : Number(text);
  }

  /** CPUs that a group may run on. */
  cpusOf(path: string): number[] {
    return parseNumberList(this.#read(path, 'cpuset', 'cpuset.effective_cpus', 'cpuset.cpus.effective') ?? '') ?? [];
  }

  /** Weight of a group as the kernel holds it, in the words of its version: what counts is how two compare. */
  cpuWeightOf(path: string): number | undefined {
    return this.#number(path, 'cpu', 'cpu.shares', 'cpu.weight');
  }

  /** Forks that were refused in a group (pids.events). */
  refusedForksOf(path: string): number | undefined {
    const count = /^max (\d+)$/m.exec(this.#read(path, 'pids', 'pids.events') ?? '')?.[1];
    return count === undefined ? undefined : Number(count);
  }

  /** Most tasks that a group ever had at once (pids.peak, Linux 6.3). */
  mostTasksOf(path: string): number | undefined {
    return this.#number(path, 'pids', 'pids.peak');
  }
}
