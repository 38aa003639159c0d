import type { Maker, NamespaceType } from '@bulkhead/model';
import { type CgroupMaker, makerOfPath, type OwnInstance } from '../maker/cgroup-maker.ts';
import {
  instanceOfLauncher,
  isBrowserSandbox,
  isLauncher,
  mayWatch,
  programName,
  sameProgram,
  watchedContainer,
} from '../maker/monitor.ts';
import { namingPaths, parseCgroups } from './cgroup-path.ts';
import { indexOfType } from './namespace-types.ts';
import type { ProcessReading } from './process-reading.ts';
import type { ProcessRecord } from './process-record.ts';
import type { WorkloadIdentity, WorkloadRecord } from './workload-record.ts';

/** Cgroups of a host repeat; what they say is worked out once for each. Bounded: beyond, all is forgotten. */
const rememberedCgroups = 10_000;
/** No ancestry is followed further. */
const maxAncestors = 64;

export interface ClassifierOptions {
  own?: OwnInstance;
  /** Inodes of the host's own namespaces. */
  initial: ReadonlySet<number>;
  processOf(pid: number): ProcessRecord | undefined;
  /** Arguments of a process; none where it is gone, or is a thread of the kernel. */
  argumentsOf(pid: number): readonly string[];
  /** What a container of ours is called, where it is known yet. */
  containerName?(containerId: string): string | undefined;
  /** Asks for a process to be classified again. */
  again(pid: number): void;
}

interface Naming {
  /** The first path that is not the root. */
  path: string;
  maker: CgroupMaker | undefined;
}

const kernel: WorkloadIdentity = { id: 'kernel', maker: { runtime: 'kernel', name: 'kernel' }, cgroupPath: '/', inherited: false };

/** Fit for a URL, and never the same for two: what was replaced is told by a number. */
function idOf(...parts: readonly string[]): string {
  const text = parts.join('-');
  const safe = text.replace(/[^A-Za-z0-9._@:-]/g, '_');
  return safe === text && safe.length <= 160 ? safe : `${safe.slice(0, 140)}-${hash(text)}`;
}

/** FNV-1a, 32 bits: to tell apart, not to keep secret. */
function hash(text: string): string {
  let value = 0x811c9dc5;
  for (const byte of Buffer.from(text)) value = Math.imul(value ^ byte, 0x01000193) >>> 0;
  return value.toString(16).padStart(8, '0');
}

/**
 * Tells of each process to which workload it belongs. Its cgroup is asked first, then who its parent is: what a monitor or
 * a sandbox started belongs to that; a command that left the host's namespaces is a workload with all its children; what
 * is left goes by session.
 */
export class Classifier {
  readonly #options: ClassifierOptions;
  readonly #namings = new Map<string, Naming>();
  readonly #browsers = new Map<string, WorkloadIdentity>();

  constructor(options: ClassifierOptions) {
    this.#options = options;
  }

  /** @param current the workload it was in until now */
  workloadOf(process: ProcessReading, current: WorkloadRecord | undefined): WorkloadIdentity {
    if (process.kernel) return kernel;
    const naming = this.#namingOf(process.cgroups);
    const made = naming.maker;
    if (made?.kind === 'container') return this.#container(process, made);
    // Known by its ancestors, which may be gone by now.
    if (current?.inherited === true) return current;
    const parent = this.#options.processOf(process.parentPid);
    if (parent?.workload.inherited === true) return parent.workload;
    const isSandboxed = process.namespaces.some((ino) => ino !== 0 && !this.#options.initial.has(ino));
    if (isSandboxed) {
      const found = this.#sandboxed(process, parent, naming.path);
      if (found !== undefined) return found;
      // systemd makes namespaces for services, never for the scopes it is handed.
      if (made?.kind !== 'service') return this.#command(process, { runtime: 'plain', name: process.command }, naming.path);
    }
    const browser = this.#browsers.get(`${process.pid}-${process.startTimeTicks}`);
    if (browser !== undefined) return browser;
    if (process.command === 'bwrap') return this.#command(process, { runtime: 'bubblewrap', name: 'bwrap' }, naming.path);
    if (made !== undefined) return { id: idOf('systemd', made.path.slice(1)), maker: made.maker, cgroupPath: made.path, inherited: false };
    // A process of session 0 has its session's leader outside of our pid namespace: it is told by itself.
    if (process.session === 0)
      return { ...this.#command(process, { runtime: 'plain', name: process.command }, naming.path), inherited: false };
    return {
      id: `session-${process.session}`,
      maker: { runtime: 'plain', name: process.command },
      cgroupPath: naming.path,
      inherited: false,
    };
  }

  #namingOf(cgroups: string): Naming {
    let naming = this.#namings.get(cgroups);
    if (naming === undefined) {
      const paths = namingPaths(parseCgroups(cgroups));
      const makers = paths.map((path) => makerOfPath(path, this.#options.own)).filter((maker) => maker !== undefined);
      naming = { path: paths[0] ?? '/', maker: makers.find(({ kind }) => kind === 'container') ?? makers[0] };
      if (this.#namings.size >= rememberedCgroups) this.#namings.clear();
      this.#namings.set(cgroups, naming);
    }
    return naming;
  }

  #container(process: ProcessReading, { maker, path }: CgroupMaker): WorkloadIdentity {
    const { runtime, externalId = '', containerId, instance } = maker;
    const id = instance === undefined ? idOf(runtime, externalId) : idOf(runtime, instance, externalId);
    return { id, maker: this.#named(process, maker, containerId), cgroupPath: path, inherited: false };
  }

  /** With the name people gave it, where somebody tells: our runtime, or the monitor that is its parent. */
  #named(process: ProcessReading, maker: Maker, containerId: string | undefined): Maker {
    if (containerId !== undefined) return { ...maker, name: this.#options.containerName?.(containerId) ?? maker.name };
    const parent = this.#options.processOf(process.parentPid);
    if (parent === undefined || maker.runtime === 'bulkhead' || !mayWatch(parent.command)) return maker;
    const watched = watchedContainer(parent.command, this.#options.argumentsOf(parent.pid));
    return watched?.externalId === maker.externalId ? { ...maker, name: watched?.name ?? maker.name } : maker;
  }

  #sandboxed(process: ProcessReading, parent: ProcessRecord | undefined, cgroupPath: string): WorkloadIdentity | undefined {
    if (parent !== undefined) {
      // Its command line is read where its command says that it may be of interest: this is asked for every sandbox.
      const parentArgs = mayWatch(parent.command) ? this.#options.argumentsOf(parent.pid) : [];
      if (isLauncher(parentArgs)) return this.#waiting(process, instanceOfLauncher(parentArgs), cgroupPath);
      const watched = watchedContainer(parent.command, parentArgs);
      if (watched !== undefined)
        return { id: idOf(watched.runtime, watched.externalId ?? ''), maker: watched, cgroupPath, inherited: true };
    }
    if (process.command === 'bwrap') return this.#command(process, { runtime: 'bubblewrap', name: 'bwrap' }, cgroupPath);
    // Those of a browser are made without privileges, which takes a user namespace, or by its setuid helper, which makes a
    // pid namespace: others need not be read.
    if (!this.#isElsewhere(process, 'user') && !this.#isElsewhere(process, 'pid')) return undefined;
    const args = this.#options.argumentsOf(process.pid);
    return isBrowserSandbox(args) ? this.#browser(process, args, cgroupPath) : undefined;
  }

  #isElsewhere({ namespaces }: ProcessReading, type: NamespaceType): boolean {
    const ino = namespaces[indexOfType(type)] ?? 0;
    return ino !== 0 && !this.#options.initial.has(ino);
  }

  /** Forked ahead of need: it becomes a container's when it is told which. */
  #waiting({ pid }: ProcessReading, instance: string | undefined, cgroupPath: string): WorkloadIdentity {
    const isOther = instance !== undefined && instance !== this.#options.own?.instance;
    const maker: Maker = { runtime: 'bulkhead', name: 'sandbox in waiting', ...(isOther ? { instance } : {}) };
    return { id: idOf('bulkhead-waiting', String(pid)), maker, cgroupPath, inherited: false };
  }

  /** The whole browser is one workload: its main process, which no sandbox holds, is found from the sandbox outwards. */
  #browser(process: ProcessReading, args: readonly string[], cgroupPath: string): WorkloadIdentity {
    let main: ProcessReading = process;
    for (let step = 0; step < maxAncestors; step += 1) {
      const parent = this.#options.processOf(main.parentPid);
      if (parent === undefined || !sameProgram(this.#options.argumentsOf(parent.pid), args)) break;
      main = parent;
    }
    const identity: WorkloadIdentity = {
      id: idOf('browser', String(main.pid), String(main.startTimeTicks)),
      maker: { runtime: 'browser', name: programName(args) || process.command },
      cgroupPath,
      inherited: true,
    };
    const key = `${main.pid}-${main.startTimeTicks}`;
    if (main !== process && !this.#browsers.has(key)) {
      this.#browsers.set(key, identity);
      this.#options.again(main.pid);
    }
    return identity;
  }

  #command({ pid, startTimeTicks }: ProcessReading, maker: Maker, cgroupPath: string): WorkloadIdentity {
    return { id: `process-${pid}-${startTimeTicks}`, maker, cgroupPath, inherited: true };
  }

  /** A process is gone. */
  forget({ pid, startTimeTicks }: ProcessRecord): void {
    this.#browsers.delete(`${pid}-${startTimeTicks}`);
  }
}
