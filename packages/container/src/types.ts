import type { Cgroups, TakingBack } from '@bulkhead/cgroup';
import type { Fd, Recorder } from '@bulkhead/kernel';
import type {
  BootId,
  CgroupPath,
  Container,
  ContainerDetail,
  ContainerId,
  ContainerProcess,
  ContainerSpec,
  ExitStatus,
  InstanceName,
  InstancePaths,
  LimitChanges,
  TenantId,
} from '@bulkhead/model';
import type { Renewal } from './launcher/renewal.ts';
import type { RecordedTranscript } from './runtime/transcript.ts';

/** A named moment of an operation. Production passes `noFailPoint`; tests throw, wait or kill the process at one. */
export type FailPoint = (name: string) => void;
export const noFailPoint: FailPoint = () => {};

export interface RuntimeOptions {
  instance: InstanceName;
  paths: InstancePaths;
  bootId: BootId;
  cgroups: Cgroups;
  failPoint: FailPoint;
  /** Brings a launcher of another build to ours; absent: any is taken as it is. */
  renewal?: Renewal;
  /** Keeps what takes a change of several limits back, until all are made: see ApplyOptions of packages/cgroup. */
  noteLimits?: (cgroupPath: CgroupPath, back: readonly TakingBack[]) => Disposable;
  /**
   * Called when the last process of a container has ended and again just before its cgroup is removed. Must make the
   * last reading durable before it resolves: a cgroup is removed only after that.
   */
  beforeCgroupRemoval(container: ContainerDetail): Promise<void>;
}

export interface ProcessOutput {
  stream: 'stdout' | 'stderr';
  /** Absent where the source carries no time (a terminal). */
  at?: string;
  data: Buffer;
}
export type ProcessOutputItem =
  | ({ type: 'output' } & ProcessOutput)
  | { type: 'dropped'; bytes: number }
  | { type: 'exit'; exitStatus: ExitStatus };

export interface ExecRequest {
  args: string[];
  env: string[];
  cwd: string;
  user: { uid: number; gid: number };
  terminal: boolean;
  stdin: boolean;
  size?: { columns: number; rows: number } | undefined;
}

export type RuntimeChange =
  | { type: 'changed'; container: Container; previous?: Container['status'] }
  | { type: 'removed'; container: Container }
  | { type: 'exec-exited'; container: Container; execId: string; exitStatus: ExitStatus }
  | { type: 'launcher-lost' }
  | { type: 'launcher-back' };

/** Containers of one instance. Every verb is journalled, idempotent, and undone or finished after a crash at any step. */
export interface ContainerRuntime extends AsyncDisposable {
  /** Reads /run, finishes or undoes what a crash left, takes up what still runs. Called once, before any verb. */
  recover(): Promise<{ finished: string[]; undone: string[] }>;
  list(): Container[];
  /** By id, by name, or by a beginning of an id (8 digits or more) that only one has of those that `isVisible` lets the asker see. */
  find(reference: string, isVisible?: (container: Container) => boolean): Container | undefined;
  inspect(id: ContainerId): ContainerDetail;
  create(spec: ContainerSpec): Promise<{ container: Container; transcript: RecordedTranscript }>;
  /** Creates and starts in one go; answers once the program runs. */
  run(spec: ContainerSpec): Promise<{ container: Container; transcript: RecordedTranscript }>;
  start(id: ContainerId): Promise<{ container: Container; transcript: RecordedTranscript }>;
  /**
   * Changes limits of a container that was created or runs: all of them, or none.
   *
   * @returns also the settings that were written, by their keys
   * @throws Problem 'conflict' where it has ended
   */
  update(id: ContainerId, changes: LimitChanges): Promise<{ container: Container; transcript: RecordedTranscript; keys: string[] }>;
  kill(id: ContainerId, signal: number): Promise<{ container: Container; transcript: RecordedTranscript }>;
  stop(id: ContainerId, timeoutMsec: number): Promise<{ container: Container; transcript: RecordedTranscript }>;
  delete(id: ContainerId, force: boolean): Promise<{ transcript: RecordedTranscript }>;
  exec(id: ContainerId, request: ExecRequest): Promise<{ execId: string; transcript: RecordedTranscript }>;
  /** Resolves with the exit status once the first process has ended, or nothing of the container is left; undefined when the signal aborts first. */
  wait(id: ContainerId, signal: AbortSignal, until?: 'stopped' | 'removed'): Promise<ExitStatus | undefined>;
  processes(id: ContainerId): ContainerProcess[];
  /** Stored output; with `follow` also what comes, ending with an `exit` item. */
  output(
    id: ContainerId,
    options: { execId?: string | undefined; follow: boolean; tailLines?: number | undefined },
    signal: AbortSignal,
  ): AsyncIterable<ProcessOutputItem>;
  input(id: ContainerId, execId: string | undefined, data: Buffer, end: boolean): Promise<void>;
  resize(id: ContainerId, execId: string | undefined, size: { columns: number; rows: number }): Promise<void>;
  /** Path of the container's cgroup, relative to each hierarchy; its processes are in `init` and `exec-<n>` below. */
  cgroupPath(container: { tenantId: string; id: ContainerId }): string;
  /** Takes away what was prepared for the tenant's next container, and its cgroup where nothing else is in it. */
  leaveTenant(tenantId: TenantId): Promise<void>;
  onChange(listener: (change: RuntimeChange) => void): Disposable;
}

export type { Fd, Recorder };
