import { statSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { boottimeNsec, hasErrno, isThere, NamespaceAsker, type TaskRecord } from '@bulkhead/kernel';
import type { NamespaceInventory, NamespaceKey, NamespaceType, NamespaceWay, Unreadable, UnreadableReason } from '@bulkhead/model';
import type { HostIterator } from '../iterator/host-iterator.ts';
import type { OwnInstance } from '../maker/cgroup-maker.ts';
import { Budget } from './budget.ts';
import { Classifier } from './classifier.ts';
import { HiddenNamespaces } from './hidden-namespaces.ts';
import { inspectNamespace, type NamespaceInspection } from './inspect.ts';
import { Inventory, type InventoryChanges } from './inventory.ts';
import { indexOfType } from './namespace-types.ts';
import { type NamespaceSet, ProcReader } from './proc-reader.ts';
import { askRelations, type FoundRelations, knownRelations, type NamespacePlace, readRelations, toldRelations } from './relations.ts';
import { type TaskSource, TaskWatch } from './task-watch.ts';
import { openHostIterator, Ways } from './ways.ts';

/** What happens within this time is told at once: a start makes a dozen records. */
const gatherMsec = 40;
/** Descriptors, mounts and whatever makes no record are looked at this often. */
const lookEveryMsec = 350;
/** Mere numbers of processes are told this often at most. */
const countsEveryMsec = 900;
/** Nobody on this thread waits longer for a scan. */
const sliceMsec = 6;
/** Every process is read again in turn, in case that something was missed. */
const turnShare = 0.006;
/** Where nothing tells of changes, all is read again and again, for this share of the time at most where that takes long. */
const deafShare = 0.5;

/** A reason in a sentence, for who reads no code. */
function reasonText(reason: UnreadableReason, count: number): string {
  switch (reason) {
    case 'capabilities':
      return 'The namespaces of some processes may not be read: those have capabilities that the agent lacks (ptrace(2)).';
    case 'descriptors':
      return 'The descriptors of some processes may not be read: what they hold open is not shown.';
    case 'held-elsewhere':
      return `${count === 1 ? 'One namespace is' : `${count} namespaces are`} held by sockets or messages alone, and not shown.`;
    case 'changes-untold':
      return 'The kernel does not tell of changes (perf_event_open(2) is refused): they are looked for, and seen later.';
  }
}

export interface TrackerOptions {
  /** The Bulkhead instance whose containers are told as its own. */
  own?: OwnInstance;
  /** What a container of that instance is called, where it is known yet. */
  containerName?(containerId: string): string | undefined;
  /** Told of what changed; never of nothing. */
  onChange(changes: InventoryChanges, unreadable: Unreadable): void;
  /** Told where the host's changes cannot be heard of and are looked for instead. */
  onDeaf?(failure: unknown): void;
  /** Opens the source of changes; the kernel's where it is not given. */
  watchTasks?(onWake: () => void): TaskSource;
  /** Opens the kernel's walks; the kernel's where it is not given. Where it throws, /proc is read, and the view says why. */
  openIterator?(): Promise<HostIterator>;
}

/** Keeps an inventory of the host's namespaces current. */
export class NamespaceTracker implements Disposable {
  readonly inventory: Inventory;
  readonly #reader = new ProcReader();
  readonly #options: TrackerOptions;
  readonly #asker = new NamespaceAsker();
  readonly #hidden = new HiddenNamespaces();
  readonly #classifier: Classifier;
  readonly #ways: Ways;
  readonly #turning = new Budget(turnShare, sliceMsec);
  /** Processes to be read, and whether their threads are too. */
  readonly #touched = new Map<number, boolean>();
  /** Processes of which a thread that matters ended, and until when that is believed. */
  readonly #ended = new Map<number, number>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #tasks: TaskSource | undefined;
  #scanning: Promise<void> | undefined;
  #scanAgain = false;
  #disposed = false;
  #bootWallMsec = Number.NaN;
  #hiddenCounts: [number, number] = [0, 0];
  #publishedAt = 0;
  #readingPlanned = false;
  #scanDeafAfter = 0;
  #holdersPlanned = false;

  constructor(options: TrackerOptions) {
    this.#options = options;
    const { dev } = statSync('/proc/self/ns/mnt', { bigint: true });
    const initial = this.#readInitial();
    this.#classifier = new Classifier({
      ...options,
      initial: new Set(initial),
      processOf: (pid) => this.inventory.processes.get(pid),
      argumentsOf: (pid) => this.#reader.commandLine(pid),
      again: (pid) => {
        this.#touched.set(pid, false);
        this.#planReading(0);
      },
    });
    this.inventory = new Inventory({
      dev,
      initial,
      relations: (place, namespace, isKnown) => this.#relationsOf(place, namespace, isKnown),
      workloadOf: (process, current) => this.#classifier.workloadOf(process, current),
      bootWallMsec: () => this.#readBootWallMsec(),
    });
    const { inventory } = this;
    this.#ways = new Ways(inventory, this.#reader, {
      processes: inventory.processes,
      get serial() {
        return inventory.serial;
      },
      put: (reading) => {
        inventory.put(reading);
        // Nothing of a process is held open past its reading.
        this.#asker[Symbol.dispose]();
      },
      remove: (pid) => this.#remove(pid),
    });
  }

  #relationsOf(place: NamespacePlace, namespace: { ino: number; type: NamespaceType }, isKnown: (ino: number) => boolean): FoundRelations {
    const told = this.#ways.relationsOf(namespace.ino, namespace.type);
    const known =
      knownRelations(told, namespace.ino, isKnown) ??
      (told === undefined ? askRelations(this.#asker, place, namespace, isKnown) : undefined);
    if (known !== undefined) return { relations: known, outer: noOuter };
    const found = readRelations(place, namespace, this.inventory.deviceMinor, isKnown);
    if (told === undefined) return found;
    // Where we may not look ourselves, what the kernel's walk told is all there is.
    if (found.relations.owner === undefined) return toldRelations(told, namespace.type, isKnown);
    return { relations: { ...told, ...found.relations }, outer: found.outer };
  }

  /** Process 1 is in the host's own; where it may not be looked at, so are we. */
  #readInitial(): NamespaceSet {
    const own = this.#reader.namespaces('self') ?? [];
    const first = this.#reader.namespaces(1) ?? [];
    return own.map((ino, index) => first[index] || ino);
  }

  /** Wall time of the boot; steady as long as nobody sets the clock. */
  #readBootWallMsec(): number {
    const now = Date.now() - Number(boottimeNsec() / 1_000_000n);
    if (!(Math.abs(now - this.#bootWallMsec) < 1000)) this.#bootWallMsec = now;
    return this.#bootWallMsec;
  }

  /** Finds out how the host can be looked at best. Until then, and without it, /proc is read. */
  async open(): Promise<void> {
    await this.#ways.open(this.#options.openIterator ?? openHostIterator);
  }

  /** How the host is looked at. */
  get way(): NamespaceWay {
    return this.#ways.told;
  }

  /** Listens from now on, and reads everything. @returns once everything was read */
  async start(): Promise<void> {
    await this.open();
    if (this.#disposed) return;
    const watchTasks = this.#options.watchTasks ?? ((onWake) => new TaskWatch(onWake));
    try {
      this.#tasks = watchTasks(() => this.#after(gatherMsec, () => this.hear()));
    } catch (failure) {
      if (!hasErrno(failure, 'EPERM', 'EACCES', 'ENOENT', 'ENOSYS', 'EINVAL', 'EMFILE', 'ENOMEM')) throw failure;
      this.#options.onDeaf?.(failure);
    }
    const looking = setInterval(() => this.#look(), lookEveryMsec);
    this.#timers.add(looking);
    await this.scan();
  }

  /** Takes up what is known to have happened, at once: what is shown next is as of now. */
  async settle(): Promise<void> {
    await this.#scanning;
    if (this.#tasks === undefined) await this.scan();
    this.hear();
    this.#readTouched(Number.POSITIVE_INFINITY);
    await this.#scanning;
  }

  get unreadable(): Unreadable {
    const processes = this.inventory.unreadableProcesses;
    const descriptors = this.#ways.holders.refused;
    const hidden = Math.min(...this.#hiddenCounts);
    const told: { reason: UnreadableReason; count: number }[] = [
      ...(processes > 0 ? [{ reason: 'capabilities' as const, count: processes }] : []),
      ...(descriptors > 0 ? [{ reason: 'descriptors' as const, count: descriptors }] : []),
      ...(hidden > 0 ? [{ reason: 'held-elsewhere' as const, count: hidden }] : []),
      ...(this.#tasks === undefined ? [{ reason: 'changes-untold' as const, count: 0 }] : []),
    ];
    return { processes, descriptors, reasons: told.map(({ reason, count }) => reasonText(reason, count)), told };
  }

  show(): NamespaceInventory {
    return this.inventory.show(this.unreadable, this.way);
  }

  /** A namespace with what lives in it. @returns undefined where none has the key */
  inspect(key: NamespaceKey): NamespaceInspection | undefined {
    return inspectNamespace(this.inventory, key);
  }

  /** Reads everything anew, in slices, so that nobody waits long. A second call while one runs makes another one follow. */
  async scan(): Promise<void> {
    if (this.#scanning !== undefined) {
      this.#scanAgain = true;
      return await this.#scanning;
    }
    this.#scanning = (async () => {
      do {
        this.#scanAgain = false;
        try {
          for (const _ of this.scanInSlices(sliceMsec)) {
            await nextTurn();
            if (this.#disposed) return;
          }
        } catch (failure) {
          if (!this.#ways.fallBack(failure)) throw failure;
          this.#scanAgain = true;
        }
      } while (this.#scanAgain);
    })();
    try {
      await this.#scanning;
    } finally {
      this.#scanning = undefined;
    }
    this.#publish();
  }

  /** The whole look, which yields whenever a slice is over. */
  *scanInSlices(slice: number): Generator<void, void, unknown> {
    let begin = performance.now();
    for (const look of [() => this.#ways.tasks.look(), () => this.#ways.holders.lookAtAll()])
      for (const _ of look()) {
        if (performance.now() - begin < slice) continue;
        yield;
        begin = performance.now();
      }
  }

  #remove(pid: number): void {
    const process = this.inventory.processes.get(pid);
    if (process === undefined) return;
    this.#classifier.forget(process);
    this.inventory.remove(pid);
    this.#ways.holders.forget(pid);
  }

  /** One reading waits at a time. */
  #planReading(delayMsec: number): void {
    if (this.#readingPlanned) return;
    this.#readingPlanned = true;
    this.#after(delayMsec, () => {
      this.#readingPlanned = false;
      this.#readTouched(sliceMsec);
    });
  }

  #after(delayMsec: number, act: () => void): void {
    if (this.#disposed) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!this.#disposed) act();
    }, delayMsec);
    this.#timers.add(timer);
  }

  /** Takes what the kernel has told since, and reads the processes it is about. @param slice what is not read by then follows at once, in turns of its own */
  hear(slice = sliceMsec): void {
    const tasks = this.#tasks;
    if (tasks === undefined || this.#disposed) return;
    const records = tasks.drain();
    tasks.listen();
    for (const record of records) this.#note(record);
    this.#readTouched(slice);
  }

  /** Reads what was told of; a storm of forks in slices, like a scan. */
  #readTouched(slice: number): void {
    const begin = performance.now();
    // Those that ended first: what a new one is in may have the number of what they were in.
    this.#readEnded();
    for (const [pid, withThreads] of this.#touched) {
      this.#touched.delete(pid);
      this.#ways.tasks.read(pid, withThreads);
      if (performance.now() - begin < slice) continue;
      if (this.#touched.size > 0) this.#planReading(0);
      break;
    }
    this.#publish();
  }

  /** The kernel tells of an end before the task has let go of anything (Linux 6.16): it is looked at until it has. */
  #readEnded(): void {
    const nowMsec = performance.now();
    for (const [pid, untilMsec] of this.#ended) {
      const known = this.inventory.processes.get(pid);
      this.#touched.delete(pid);
      if (!isThere(pid)) {
        this.#remove(pid);
        this.#ended.delete(pid);
        continue;
      }
      this.#ways.byProc.read(pid, (known?.otherThreads.size ?? 0) > 0);
      const left = this.inventory.processes.get(pid);
      const isSame = left !== undefined && (known === undefined || left.startTimeTicks === known.startTimeTicks);
      if (!isSame || nowMsec > untilMsec) this.#ended.delete(pid);
    }
    if (this.#ended.size > 0) this.#planReading(gatherMsec);
  }

  #note(record: TaskRecord): void {
    if (record.type === 'lost') {
      // Whatever is known may be wrong now: everything is read, as at the start.
      void this.scan();
      return;
    }
    const { pid, tid } = record;
    // A record of the kernel itself, or of a pid namespace that is not below ours.
    if (pid <= 0) return;
    if (pid === tid) {
      if (record.type === 'exit') this.#ended.set(pid, performance.now() + endingMsec);
      else if (!this.#touched.has(pid)) this.#touched.set(pid, false);
      return;
    }
    const process = this.inventory.processes.get(pid);
    if (process === undefined) return;
    if (record.type === 'exit') {
      if (process.otherThreads.has(tid)) this.#ended.set(pid, performance.now() + endingMsec);
    } else if (record.type === 'namespaces' && this.#isElsewhere(record, process.namespaces)) this.#touched.set(pid, true);
  }

  /** Threads come and go by the thousand; only those in other namespaces than their process matter. */
  #isElsewhere({ inodes }: Extract<TaskRecord, { type: 'namespaces' }>, main: NamespaceSet): boolean {
    return (
      inodes.net !== main[indexOfType('network')] ||
      inodes.mnt !== main[indexOfType('mount')] ||
      inodes.uts !== main[indexOfType('uts')] ||
      inodes.ipc !== main[indexOfType('ipc')] ||
      inodes.cgroup !== main[indexOfType('cgroup')]
    );
  }

  /** What makes no record: descriptors, mounts, and in turn everything. */
  #look(): void {
    if (this.#scanning !== undefined) return;
    try {
      if (this.#tasks === undefined) {
        this.#scanDeaf();
        return;
      }
      this.#lookAtHolders();
      this.#turning.spend(() => this.#ways.tasks.turn());
    } catch (failure) {
      this.#fallBack(failure);
      return;
    }
    this.#nameContainers();
    // Between two looks some come and go: what both miss is hidden.
    this.#hiddenCounts = [this.#hiddenCounts[1], (this.#hidden.count() ?? 0) - this.inventory.namespaces.size];
    this.#publish();
  }

  #lookAtHolders(): void {
    if (this.#holdersPlanned || !this.#ways.holders.look()) return;
    this.#holdersPlanned = true;
    this.#after(0, () => {
      this.#holdersPlanned = false;
      try {
        this.#lookAtHolders();
        this.#publish();
      } catch (failure) {
        this.#fallBack(failure);
      }
    });
  }

  #fallBack(failure: unknown): void {
    if (!this.#ways.fallBack(failure)) throw failure;
    void this.scan();
  }

  #scanDeaf(): void {
    const begin = performance.now();
    if (begin < this.#scanDeafAfter) return;
    void this.scan().then(() => {
      const now = performance.now();
      this.#scanDeafAfter = now + Math.max(0, (now - begin) / deafShare - lookEveryMsec);
    });
  }

  /** A container can be seen before our runtime has told what it is called. */
  #nameContainers(): void {
    for (const workload of this.inventory.unnamed) {
      const { maker } = workload;
      const name = maker.containerId === undefined ? undefined : this.#options.containerName?.(maker.containerId);
      if (name !== undefined && name !== maker.name) this.inventory.renewMaker(workload, { ...maker, name });
    }
  }

  #publish(): void {
    // How many processes the host has changes all the time; what came or went is told at once.
    const isDue = performance.now() - this.#publishedAt >= countsEveryMsec;
    if (!(this.inventory.hasNews || (isDue && this.inventory.hasChanges))) return;
    this.#publishedAt = performance.now();
    const changes = this.inventory.takeChanges();
    const lists = [changes.namespaces, changes.removedNamespaces, changes.workloads, changes.removedWorkloads];
    if (lists.some((list) => list.length > 0)) this.#options.onChange(changes, this.unreadable);
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#tasks?.[Symbol.dispose]();
    this.#ways[Symbol.dispose]();
  }
}

/** One that is told to have ended and is still there after this time is left to the turn of all. */
const endingMsec = 3000;
const noOuter: FoundRelations['outer'] = [];
