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
/** A sandbox is forked ahead when a container of the tenant has ended, or when none was started for so long: beside a start it would hold up what the launcher has to tell. */
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

interface Waiting extends Ahead {
  timer: NodeJS.Timeout;
  /** Whether the launcher was asked for its sandbox. */
  sandboxed: boolean;
}

/**
 * The parts of a tenant's next container that are the same whatever it will run, made while nobody waits for it: id and
 * cgroups while the launcher is busy with the one before, the sandbox when that is quiet. One a tenant.
 */
export class ContainersAhead {
  readonly #waiting = new Map<string, Waiting>();
  readonly #planned = new Map<string, { spec: ContainerSpec; timer: NodeJS.Timeout }>();
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

  /** A start is on its way: makes the tenant's next id and cgroups meanwhile. Where that fails, the next start does without. */
  begin(spec: ContainerSpec): void {
    const { tenantId } = spec;
    if (this.#waiting.has(tenantId) || !this.#launcher.present) return;
    let path: string | undefined;
    let ahead: Ahead;
    try {
      ahead = this.#new({ ...spec, timeNamespace: false });
      path = this.#cgroupPath({ tenantId, id: ahead.id });
      const own = initCgroup(path);
      const made = new Recorder();
      const entry = record(made, () => {
        this.#cgroups.create(own);
        return this.#cgroups.entry(own);
      });
      ahead.cgroup = { entry, made };
    } catch {
      if (path !== undefined) void this.#cgroups.remove(path).catch(() => undefined);
      return;
    }
    const timer = setTimeout(() => void this.#drop(tenantId, ahead.id), lifetimeMsec);
    timer.unref();
    this.#waiting.set(tenantId, Object.assign(ahead, { timer, sandboxed: false }));
  }

  /** A start is over: has the tenant's next sandbox made as soon as it is quiet. */
  prepareSoon(spec: ContainerSpec): void {
    clearTimeout(this.#planned.get(spec.tenantId)?.timer);
    const timer = setTimeout(() => this.prepareNow(spec.tenantId), quietMsec);
    timer.unref();
    this.#planned.set(spec.tenantId, { spec, timer });
  }

  /** A container of the tenant has ended: what is planned need not wait. */
  prepareNow(tenantId: string): void {
    const planned = this.#planned.get(tenantId);
    if (planned === undefined) return;
    clearTimeout(planned.timer);
    this.#planned.delete(tenantId);
    this.begin(planned.spec);
    const ahead = this.#waiting.get(tenantId);
    // On v2 a sandbox is born in its cgroup: what it uses would be the tenant's, though no container of it ever came.
    if (ahead === undefined || ahead.sandboxed || ahead.cgroup?.entry.kind !== 'tasks' || !this.#launcher.present) return;
    ahead.sandboxed = true;
    this.#launcher.client.ask({ type: 'prepare', sandbox: this.sandboxOf(ahead) }, 'prepared').then(
      ({ message }) => {
        ahead.seen = lookAtSandbox(message.pid);
      },
      () => void this.#drop(tenantId, ahead.id),
    );
  }

  /** A start has failed: what was made for a next one while it was on its way goes too. */
  giveUp(tenantId: string): void {
    const waiting = this.#waiting.get(tenantId);
    if (waiting !== undefined) this.#drop(tenantId, waiting.id);
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
    clearTimeout(this.#planned.get(tenantId)?.timer);
    this.#planned.delete(tenantId);
    const waiting = this.#waiting.get(tenantId);
    if (waiting !== undefined) await this.#drop(tenantId, waiting.id);
  }

  /** With a launcher go its sandboxes; at the end of the agent go all. */
  forget(): void {
    for (const { timer } of this.#planned.values()) clearTimeout(timer);
    this.#planned.clear();
    for (const [tenantId, { id }] of [...this.#waiting]) void this.#drop(tenantId, id);
  }
}
