import type { Recorder } from '@bulkhead/kernel';
import type { CgroupController, CgroupHierarchy, CgroupSettingChange, CgroupSettingState } from '@bulkhead/model';
import type { PreparedPlan } from './plan.ts';
import type { TakingBack } from './taking-back.ts';

/** What a verb may be given: where its steps are recorded, and how long it waits for the kernel. */
export interface ControlOptions {
  /** Steps of what is done to the host, for the transcript. */
  recorder?: Recorder;
  timeoutMsec?: number;
}

/** What applying a plan may be given beside. */
export interface ApplyOptions extends ControlOptions {
  /**
   * Keeps what takes a plan of several steps back, from before the first step until all are made or taken back: should this
   * process be killed meanwhile, its next life takes them back (`takeBackAll`).
   */
  note?: (back: readonly TakingBack[]) => Disposable;
  /** A named moment, for tests that end the process there. */
  failPoint?: (name: string) => void;
}

export interface PlanOptions {
  /** v2: hands controllers that the changes need down from the groups above, where the kernel lets it. Told in the plan. */
  enableControllers?: boolean;
}

export interface MoveOptions extends ControlOptions {
  /** Threads by their tids instead of processes (v1 `tasks`, v2 `cgroup.threads`). */
  threads?: boolean;
  /** v1: hierarchies of these controllers alone; all that have the group by default. */
  controllers?: readonly CgroupController[];
}

/**
 * Acts on any cgroup of the host, of either version, whoever made it. Paths are those of CgroupPath (`/system.slice/x`),
 * with names of any characters the kernel takes; none leads out of the hierarchies, over a link, or onto another file
 * system. What the kernel refuses is a Problem that names the kernel file, the value, the errno and what to do. Who may
 * do it, and whether it is wise, is decided by whoever calls (ownership.ts, protection.ts).
 */
export interface CgroupControl {
  /** Every setting of the registry at a group. @throws Problem('not-found') */
  settings(path: string): CgroupSettingState[];
  /** What changes would do, in order, and nothing of it done. @throws Problem for a value or place that cannot be */
  plan(path: string, changes: readonly CgroupSettingChange[], options?: PlanOptions): PreparedPlan;
  /** All of a plan or nothing: where a step fails, what was done is put back, and what could not be is told. */
  apply(plan: PreparedPlan, options?: ApplyOptions): void;
  /**
   * Makes a group, and the groups above that are missing: on v1 in the hierarchies of the controllers (all by default),
   * on v2 with these handed down to it. Where it fails, what was made is removed.
   *
   * @throws Problem('conflict') where it is there already
   */
  create(path: string, controllers?: readonly CgroupController[], options?: ControlOptions): void;
  /** Removes a group in every hierarchy; with `recursive` those below as well. @throws Problem('conflict') where something is in it */
  remove(path: string, options?: ControlOptions & { recursive?: boolean }): Promise<void>;
  /** Moves processes or threads; where one cannot be, those moved before go back. */
  move(path: string, pids: readonly number[], options?: MoveOptions): void;
  /** Freezes, and waits until the kernel says that all stands still; thaws again where that does not come in time. */
  freeze(path: string, options?: ControlOptions): Promise<void>;
  thaw(path: string, options?: ControlOptions): Promise<void>;
  /** SIGKILL to every process in it and below it, in any hierarchy. @returns how many there were at first */
  kill(path: string, options?: ControlOptions): Promise<number>;
  /** Hierarchies with the controllers they have here: of v1 by their mount, of v2 those that are not of v1. */
  hierarchies(): CgroupHierarchy[];
  /** Tells a group from another that is made at the same path later. @throws Problem('not-found') */
  incarnation(path: string): string;
  /** Processes directly in it, in any hierarchy; with `below` those of the groups below too. */
  processes(path: string, below?: boolean): number[];
}
