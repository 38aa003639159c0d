import type { Fd } from '@bulkhead/kernel';
import type { CgroupSetup, ContainerLimits, EffectiveLimits, Reading } from '@bulkhead/model';

/** Kept descriptors of one cgroup's files; reading allocates no path and opens nothing. */
export interface CgroupReader extends Disposable {
  /** Inode of the directory that identifies the incarnation: cpuacct on v1, the one tree on v2. */
  readonly ino: bigint;
  /** Reads everything; a file the kernel lacks leaves its fields absent. Throws ENODEV or ENOENT once the cgroup is gone. */
  read(): Reading;
  /** What is read once a minute, for it is of no use to charts: pressure, where the kernel tells it of groups (v2). Empty once the cgroup is gone. */
  readRare(): Reading;
}

/** A reading, or why there is none: ENODEV or ENOENT once the cgroup is gone. */
export type ReadOutcome = { reading: Reading } | { failure: Error };

/** Controllers by their v2 names. */
export type Controller = 'cpu' | 'memory' | 'io' | 'pids' | 'cpuset' | 'devices' | 'freezer';

/** What a child does to be in a cgroup: v1 writes `0` to inherited `tasks` files; v2 is born there (CLONE_INTO_CGROUP). */
export type CgroupEntry = { kind: 'tasks'; files: Fd[] } | { kind: 'into'; directory: Fd };

/** One vocabulary over v1 and v2. Paths are relative to each hierarchy's mount point (`bulkhead-a1f/acme/0123/init`). */
export interface Cgroups {
  readonly setup: CgroupSetup;
  /** Path of the group that was delegated to us, and above which nothing is written; '' where that is the root. */
  readonly delegated: string;
  /** Controllers that can limit and count here, by their v2 names. */
  readonly controllers: ReadonlySet<Controller>;
  /** Makes the path in every hierarchy, parents too; what exists is kept. On v2 enables the controllers on the way down. */
  create(path: string): void;
  /** Writes limits and nothing else; throws a Problem('invalid') that names the kernel's bound where it refuses. */
  setLimits(path: string, limits: ContainerLimits): void;
  /** Limits as the kernel holds them. */
  limits(path: string): EffectiveLimits;
  /** Restricts devices to /dev/{null,zero,full,random,urandom,tty,console,ptmx} and pts (v1 devices controller; on v2 nothing: the user namespace forbids mknod). */
  restrictDevices(path: string): void;
  /** Opens what a new process needs to enter. The caller disposes the descriptors. */
  entry(path: string): CgroupEntry;
  /** `likely` names groups expected directly below, which spares listing them. */
  reader(path: string, likely?: readonly string[]): CgroupReader;
  /** As `reader`, of a group of others, whose names may be any. OOM kills are not told on v1: they would have to be summed over all below. */
  foreignReader(path: string): CgroupReader;
  /** Reads many, file type by file type, which spares the kernel from flushing its statistics at each of them. */
  readMany(readers: readonly CgroupReader[]): ReadOutcome[];
  /** Pids in the path and everything below it. */
  processes(path: string): number[];
  /** SIGKILL to everything below (cgroup.kill, or freeze + kill on v1); returns when none is left or throws after the time. */
  kill(path: string, timeoutMsec: number): Promise<void>;
  /**
   * rmdir of the path and everything below, deepest first, in every hierarchy; missing ones are fine. Busy ones are tried
   * again for a short, bounded time. `likely` names groups expected directly below, which spares listing them.
   */
  remove(path: string, likely?: readonly string[]): Promise<void>;
  /** Paths directly below, in any hierarchy. */
  children(path: string): string[];
  exists(path: string): boolean;
}
