import type { Cgroups } from '@bulkhead/cgroup';
import type { ContainerSpec } from '@bulkhead/model';
import type { SandboxPlan } from '../launcher/protocol.ts';
import type { LauncherConnection } from './connection.ts';
import type { HostTemplate } from './host-template.ts';
import type { IdRanges } from './id-ranges.ts';
import { namespacesOf, planSandbox } from './plan.ts';

/** A sandbox forked ahead that nobody wanted for so long is ended. */
const lifetimeMsec = 60_000;

interface Waiting {
  hostId: number;
  sandbox: SandboxPlan;
  timer: NodeJS.Timeout;
}

/**
 * Sandboxes forked for a tenant's next container while nobody waits for it: the next start then finds namespaces and
 * root made. One a tenant; on v2 a container is born in its cgroup, so nothing can be ahead there.
 */
export class SandboxesAhead {
  readonly #waiting = new Map<string, Waiting>();
  readonly #ids: IdRanges;
  readonly #template: HostTemplate;
  readonly #launcher: LauncherConnection;
  readonly #cgroups: Cgroups;
  readonly #idsInUse: () => readonly number[];

  constructor(given: {
    ids: IdRanges;
    template: HostTemplate;
    launcher: LauncherConnection;
    cgroups: Cgroups;
    idsInUse: () => readonly number[];
  }) {
    this.#ids = given.ids;
    this.#template = given.template;
    this.#launcher = given.launcher;
    this.#cgroups = given.cgroups;
    this.#idsInUse = given.idsInUse;
  }

  #taken(): Set<number> {
    return new Set([...this.#idsInUse(), ...[...this.#waiting.values()].map((one) => one.hostId)]);
  }

  /** Ids for a new container: those of the sandbox that waits for its tenant, or the next free ones. */
  chooseIds(spec: ContainerSpec): number {
    const waiting = this.#waiting.get(spec.tenantId);
    if (waiting !== undefined && !spec.timeNamespace && !this.#idsInUse().includes(waiting.hostId)) return waiting.hostId;
    return this.#ids.allocate(spec.tenantId, this.#taken());
  }

  /** The sandbox of a container: the one that waits where it has its ids, else a plan for a new one. */
  take(spec: ContainerSpec, hostId: number): SandboxPlan {
    const waiting = this.#waiting.get(spec.tenantId);
    if (waiting?.hostId !== hostId) return planSandbox(this.#template, namespacesOf(spec), hostId);
    clearTimeout(waiting.timer);
    this.#waiting.delete(spec.tenantId);
    return waiting.sandbox;
  }

  /** Has one forked for the tenant's next container. */
  prepare(spec: ContainerSpec): void {
    const { tenantId } = spec;
    if (this.#cgroups.setup === 'unified' || this.#waiting.has(tenantId) || !this.#launcher.present) return;
    const hostId = this.#ids.allocate(tenantId, this.#taken());
    const sandbox = planSandbox(this.#template, namespacesOf({ ...spec, timeNamespace: false }), hostId);
    const timer = setTimeout(() => {
      this.#waiting.delete(tenantId);
      if (this.#launcher.present) this.#launcher.client.ask({ type: 'discard', sandbox }, 'done').catch(() => undefined);
    }, lifetimeMsec);
    timer.unref();
    this.#waiting.set(tenantId, { hostId, sandbox, timer });
    this.#launcher.client.ask({ type: 'prepare', sandbox }, 'done').catch(() => {
      clearTimeout(timer);
      this.#waiting.delete(tenantId);
    });
  }

  /** With a launcher go its sandboxes. */
  forget(): void {
    for (const one of this.#waiting.values()) clearTimeout(one.timer);
    this.#waiting.clear();
  }
}
