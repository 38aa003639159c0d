import { randomBytes } from 'node:crypto';
import type { CgroupEntry, Cgroups } from '@bulkhead/cgroup';
import { hasErrno, Recorder, record } from '@bulkhead/kernel';
import type { ContainerId, ContainerSpec, NamespaceReference, ProcessIdentity } from '@bulkhead/model';
import { processIdentity, readNamespaces } from '@bulkhead/namespace';
import type { SandboxLayout, SandboxPlan } from '../launcher/protocol.ts';
import { initCgroup, initName } from './cgroup-root.ts';
import type { LauncherConnection } from './connection.ts';
import type { HostTemplate } from './host-template.ts';
import { type IdRanges, idsPerContainer } from './id-ranges.ts';
import { namespacesOf, planLayout } from './plan.ts';

/** What was prepared ahead and wanted by nobody for so long is taken away. */
const lifetimeMsec = 60_000;
/** The next one is prepared when no start came for so long: a fork would hold up what the launcher has to tell of the one before. */
const quietMsec = 25;

/** What a container needs before anything of its own is known: an id, ids of its users, cgroups, a sandbox. */
export interface Ahead {
  id: ContainerId;
  hostId: number;
  layout: SandboxLayout;
  /** Absent where its cgroups are yet to be made. */
  cgroup: { entry: CgroupEntry; made: Recorder } | undefined;
  /** The sandbox's process, once it was looked at: a short program may be gone before anybody can. */
  seen: SeenProcess | undefined;
}

export interface SeenProcess {
  process: ProcessIdentity;
  /** The cgroup namespace is made last of all, and is not among those of a sandbox. */
  namespaces: NamespaceReference[];
}

/** Identity and namespaces of a process, or undefined where it is gone. */
export function lookAt(pid: number): SeenProcess | undefined {
  try {
    const process = processIdentity(pid);
    return process === undefined ? undefined : { process, namespaces: readNamespaces(pid) };
  } catch (failure) {
    if (hasErrno(failure, 'ENOENT', 'ESRCH')) return undefined;
    throw failure;
  }
}

function lookAtSandbox(pid: number): SeenProcess | undefined {
  const seen = lookAt(pid);
  return seen === undefined ? undefined : { ...seen, namespaces: seen.namespaces.filter(({ type }) => type !== 'cgroup') };
}

export function closeEntry(entry: CgroupEntry): void {
  for (const fd of entry.kind === 'tasks' ? entry.files : [entry.directory]) fd[Symbol.dispose]();
}

/**
 * The parts of a tenant's next container that are the same whatever it will run, made while nobody waits for it. One a
 * tenant; on v2 a container is born in its cgroup, so that no sandbox can be ahead there.
 */
export class ContainersAhead {
  readonly #waiting = new Map<string, Ahead & { timer: NodeJS.Timeout }>();
  readonly #planned = new Map<string, NodeJS.Timeout>();
  readonly #layouts = new Map<'usual' | 'with time', SandboxLayout>();
  readonly #ids: IdRanges;
  readonly #template: HostTemplate;
  readonly #launcher: LauncherConnection;
  readonly #cgroups: Cgroups;
  readonly #cgroupPath: (container: { tenantId: string; id: ContainerId }) => string;
  readonly #idsInUse: () => readonly number[];

  constructor(given: {
    ids: IdRanges;
    template: HostTemplate;
    launcher: LauncherConnection;
    cgroups: Cgroups;
    cgroupPath: (container: { tenantId: string; id: ContainerId }) => string;
    idsInUse: () => readonly number[];
  }) {
    this.#ids = given.ids;
    this.#template = given.template;
    this.#launcher = given.launcher;
    this.#cgroups = given.cgroups;
    this.#cgroupPath = given.cgroupPath;
    this.#idsInUse = given.idsInUse;
  }

  #new(spec: ContainerSpec): Ahead {
    const taken = new Set([...this.#idsInUse(), ...[...this.#waiting.values()].map((one) => one.hostId)]);
    const hostId = this.#ids.allocate(spec.tenantId, taken);
    return {
      id: randomBytes(8).toString('hex'),
      hostId,
      layout: this.#layout(spec),
      cgroup: undefined,
      seen: undefined,
    };
  }

  #layout(spec: ContainerSpec): SandboxLayout {
    const kind = spec.timeNamespace ? 'with time' : 'usual';
    let layout = this.#layouts.get(kind);
    if (layout === undefined) {
      layout = planLayout(this.#template, namespacesOf(spec));
      this.#layouts.set(kind, layout);
    }
    return layout;
  }

  /** A sandbox as the launcher is asked for it. */
  sandboxOf({ layout, hostId }: Ahead): SandboxPlan {
    return this.#launcher.client.sandbox(layout, hostId, idsPerContainer);
  }

  /** What waits for this tenant, or a new one of which nothing is made yet. The caller owns the descriptors of its entry. */
  take(spec: ContainerSpec): Ahead {
    const waiting = spec.timeNamespace ? undefined : this.#waiting.get(spec.tenantId);
    if (waiting === undefined) return this.#new(spec);
    clearTimeout(waiting.timer);
    this.#waiting.delete(spec.tenantId);
    return waiting;
  }

  /** Has the tenant's next one made as soon as it is quiet. */
  prepareSoon(spec: ContainerSpec): void {
    clearTimeout(this.#planned.get(spec.tenantId));
    const timer = setTimeout(() => {
      this.#planned.delete(spec.tenantId);
      this.#prepare(spec);
    }, quietMsec);
    timer.unref();
    this.#planned.set(spec.tenantId, timer);
  }

  /** Makes the tenant's next one. Where that fails, the next start does without. */
  #prepare(spec: ContainerSpec): void {
    const { tenantId } = spec;
    if (this.#cgroups.setup === 'unified' || this.#waiting.has(tenantId) || !this.#launcher.present) return;
    const ahead = this.#new({ ...spec, timeNamespace: false });
    const path = this.#cgroupPath({ tenantId, id: ahead.id });
    const made = new Recorder();
    try {
      const entry = record(made, () => {
        this.#cgroups.create(initCgroup(path));
        return this.#cgroups.entry(initCgroup(path));
      });
      const timer = setTimeout(() => void this.#drop(tenantId, ahead.id), lifetimeMsec);
      timer.unref();
      ahead.cgroup = { entry, made };
      this.#waiting.set(tenantId, Object.assign(ahead, { timer }));
    } catch {
      void this.#cgroups.remove(path).catch(() => undefined);
      return;
    }
    this.#launcher.client.ask({ type: 'prepare', sandbox: this.sandboxOf(ahead) }, 'prepared').then(
      ({ message }) => {
        ahead.seen = lookAtSandbox(message.pid);
      },
      () => void this.#drop(tenantId, ahead.id),
    );
  }

  /** Ends the sandbox of what was taken and did not become a container. */
  discard(ahead: Ahead): void {
    // Where the launcher made a container of it already, there is nothing to discard.
    if (this.#launcher.present)
      this.#launcher.client.ask({ type: 'discard', sandbox: this.sandboxOf(ahead) }, 'done').catch(() => undefined);
  }

  /** Takes one away, unless it was taken for a container meanwhile. */
  async #drop(tenantId: string, id: ContainerId): Promise<void> {
    const waiting = this.#waiting.get(tenantId);
    if (waiting?.id !== id) return;
    this.#waiting.delete(tenantId);
    clearTimeout(waiting.timer);
    if (waiting.cgroup !== undefined) closeEntry(waiting.cgroup.entry);
    if (this.#launcher.present)
      this.#launcher.client.ask({ type: 'discard', sandbox: this.sandboxOf(waiting) }, 'done').catch(() => undefined);
    // Nobody has joined them yet. Where they cannot go now, they go as orphans at the agent's next start.
    await this.#cgroups.remove(this.#cgroupPath({ tenantId, id }), [initName]).catch(() => undefined);
  }

  /** Takes away what waits for a tenant. */
  async forgetTenant(tenantId: string): Promise<void> {
    clearTimeout(this.#planned.get(tenantId));
    this.#planned.delete(tenantId);
    const waiting = this.#waiting.get(tenantId);
    if (waiting !== undefined) await this.#drop(tenantId, waiting.id);
  }

  /** With a launcher go its sandboxes; at the end of the agent go all. */
  forget(): void {
    for (const timer of this.#planned.values()) clearTimeout(timer);
    this.#planned.clear();
    for (const [tenantId, { id }] of [...this.#waiting]) void this.#drop(tenantId, id);
  }
}
