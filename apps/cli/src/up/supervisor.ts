import { setTimeout as delay } from 'node:timers/promises';
import { Problem, type ServiceName } from '@bulkhead/model';
import type { Instance } from '../instance/locate.ts';
import { identify, isAlive, signalProcess } from '../instance/process-identity.ts';
import { readSupervisorRecord, type SupervisorRecord } from '../instance/supervisor-file.ts';
import type { Progress } from './progress.ts';
import { Service, type ServicePlan } from './service.ts';
import { findListener } from './unix-sockets.ts';
import { writeFileAtomically } from './write-file.ts';

/** Ends what is left of a supervisor that was killed: by pid and start time, never by name. The launcher stays. */
export async function endStaleServices(instance: Instance): Promise<ServiceName[]> {
  const record = readSupervisorRecord(instance.paths.supervisorFile);
  if (record === undefined) return [];
  const stale = (['web', 'collector', 'agent', 'database'] as const).flatMap((name) => {
    const recorded = record.services[name]?.process;
    return recorded !== undefined && isAlive(recorded) ? [{ name, recorded }] : [];
  });
  for (const { name, recorded } of stale) {
    // PostgreSQL: SIGINT ends sessions and shuts down; SIGTERM would wait for clients.
    signalProcess(recorded, name === 'database' ? 'SIGINT' : 'SIGTERM');
    for (let waited = 0; waited < 10_000 && isAlive(recorded); waited += 25) await delay(25);
    signalProcess(recorded, 'SIGKILL');
    while (isAlive(recorded)) await delay(10);
  }
  return stale.map(({ name }) => name);
}

/** Services of one instance, in the order in which they were started, and the record of them under /run. */
export class Supervisor {
  readonly #instance: Instance;
  readonly #program: string;
  readonly #progress: Progress;
  readonly #services: Service[] = [];
  #url: string | undefined;
  #writing: Promise<void> = Promise.resolve();
  #isDirty = false;
  #isOver = false;
  readonly #notes = new Set<string>();
  readonly #stopping = new AbortController();

  /** @param program version that its services run */
  constructor(instance: Instance, program: string, progress: Progress) {
    this.#instance = instance;
    this.#program = program;
    this.#progress = progress;
  }

  /** Aborts when the services are being ended. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Starts a service, or goes on with the launcher that is there. Does not wait. */
  start(plan: ServicePlan): Service {
    if (this.stopping.aborted) throw new Problem('unavailable', `${plan.name} is not started: everything is being ended`);
    const service = new Service(plan, {
      changed: () => this.#changed(),
      note: (text) => this.#progress.note(text),
      noteOnce: (text) => this.#noteOnce(text),
    });
    this.#services.push(service);
    const found = plan.outlives === true ? findListener(this.#instance.paths.launcherSocket) : undefined;
    if (found !== undefined) service.adopt(found);
    else service.start();
    return service;
  }

  /** What holds for several services is told once. */
  #noteOnce(text: string): void {
    if (this.#notes.has(text)) return;
    this.#notes.add(text);
    this.#progress.note(text);
  }

  setUrl(url: string): void {
    this.#url = url;
    this.#changed();
  }

  /** Writes are folded: the last state always gets written. */
  #changed(): void {
    if (this.#isDirty || this.#isOver) return;
    this.#isDirty = true;
    this.#writing = this.#writing
      .then(() => {
        this.#isDirty = false;
        return this.#write();
      })
      .catch((failure: unknown) => this.#progress.note(`${this.#instance.paths.supervisorFile} cannot be written: ${String(failure)}`));
  }

  async #write(): Promise<void> {
    const supervisor = identify(process.pid);
    if (supervisor === undefined) return;
    const record: SupervisorRecord = {
      version: 1,
      supervisor,
      stateDirectory: this.#instance.stateDirectory,
      program: this.#program,
      ...(this.#url === undefined ? {} : { url: this.#url }),
      services: Object.fromEntries(this.#services.map((service) => [service.plan.name, service.record])),
    };
    await writeFileAtomically(this.#instance.paths.supervisorFile, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o644 });
  }

  /** Ends services in this order; the launcher, which holds the containers, is let go. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const name of ['web', 'collector', 'agent', 'database'] as const) {
      const service = this.#services.find(({ plan }) => plan.name === name);
      if (service === undefined) continue;
      this.#progress.step(`stopping ${name}`);
      await service.stop();
    }
    for (const service of this.#services) if (service.plan.outlives === true) service.release();
    this.#url = undefined;
    this.#changed();
    this.#isOver = true;
    await this.#writing;
    this.#progress.done();
  }
}
