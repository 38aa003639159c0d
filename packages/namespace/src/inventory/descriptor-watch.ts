import { errnoNumber } from '@bulkhead/kernel';
import { Budget } from './budget.ts';
import type { Inventory } from './inventory.ts';
import type { ProcReader } from './proc-reader.ts';
import type { ProcessRecord } from './process-record.ts';

/** Asking a process how many descriptors it has costs 2 us; this share of a CPU asks 5,000 processes a second. */
const countShare = 0.01;
/** Reading what they are costs some 3 us each; a process that opens and closes all the time is not read all the time. */
const walkShare = 0.01;
/** Of what did not change its count, another one may have taken the place of one: looked at in turn. */
const turnShare = 0.002;
const mostMsec = 4;
/** A process is read again only after this many times as long as reading it took. */
const restFactor = 50;

interface Look {
  process: ProcessRecord;
  count: number;
  restUntilMsec: number;
}

const refusals: ReadonlySet<number> = new Set([-errnoNumber('EACCES'), -errnoNumber('EPERM')]);

/**
 * Keeps open descriptors on namespaces current. Nothing in the kernel tells of one that is opened, so processes are asked
 * in turn how many descriptors they have, and those that have another number are read.
 */
export class DescriptorWatch {
  readonly #inventory: Inventory;
  readonly #reader: ProcReader;
  readonly #counting = new Budget(countShare, mostMsec);
  readonly #walking = new Budget(walkShare, mostMsec);
  readonly #turning = new Budget(turnShare, mostMsec);
  readonly #looks = new Map<number, Look>();
  readonly #waiting = new Set<number>();
  readonly #refused = new Set<number>();
  #countQueue: number[] = [];
  #turnQueue: number[] = [];

  constructor(inventory: Inventory, reader: ProcReader) {
    this.#inventory = inventory;
    this.#reader = reader;
  }

  /** Processes whose descriptors may not be looked at. */
  get refused(): number {
    return this.#refused.size;
  }

  /** Reads the descriptors of one process, now. */
  read(process: ProcessRecord): void {
    if (process.kernel) return;
    this.#walk(process, this.#reader.descriptorCount(process.pid));
  }

  /** A process is gone. */
  forget(pid: number): void {
    this.#looks.delete(pid);
    this.#waiting.delete(pid);
    this.#refused.delete(pid);
  }

  /** One round, as far as the budgets reach. */
  look(): void {
    if (this.#countQueue.length === 0) this.#countQueue = this.#pids();
    this.#counting.spend(() => {
      const pid = this.#countQueue.pop();
      if (pid === undefined) return false;
      this.#count(pid);
      return this.#countQueue.length > 0;
    });
    const nowMsec = performance.now();
    const due = [...this.#waiting].filter((pid) => (this.#looks.get(pid)?.restUntilMsec ?? 0) <= nowMsec);
    this.#walking.spend(() => {
      const pid = due.pop();
      const process = pid === undefined ? undefined : this.#inventory.processes.get(pid);
      if (process !== undefined) this.read(process);
      if (pid !== undefined) this.#waiting.delete(pid);
      return due.length > 0;
    });
    if (this.#turnQueue.length === 0) this.#turnQueue = this.#pids();
    this.#turning.spend(() => {
      const pid = this.#turnQueue.pop();
      const process = pid === undefined ? undefined : this.#inventory.processes.get(pid);
      if (process !== undefined && (this.#looks.get(process.pid)?.restUntilMsec ?? 0) <= nowMsec) this.read(process);
      return this.#turnQueue.length > 0;
    });
  }

  #pids(): number[] {
    const pids: number[] = [];
    for (const { pid, kernel } of this.#inventory.processes.values()) if (!kernel) pids.push(pid);
    return pids;
  }

  #count(pid: number): void {
    const process = this.#inventory.processes.get(pid);
    if (process === undefined) return;
    const count = this.#reader.descriptorCount(pid);
    const look = this.#looks.get(pid);
    // Before Linux 6.2 the count is always 0: then all are read in turn.
    if (look === undefined || look.process !== process || look.count !== count) this.#waiting.add(pid);
  }

  #walk(process: ProcessRecord, count: number): void {
    const { pid } = process;
    const begin = performance.now();
    const found = refusals.has(count) ? 'unreadable' : this.#reader.descriptors(pid, count);
    const now = performance.now();
    this.#looks.set(pid, { process, count, restUntilMsec: now + (now - begin) * restFactor });
    if (found === 'unreadable') {
      this.#refused.add(pid);
      this.#inventory.setDescriptors(process, []);
      return;
    }
    this.#refused.delete(pid);
    this.#inventory.setDescriptors(process, found ?? []);
  }
}
