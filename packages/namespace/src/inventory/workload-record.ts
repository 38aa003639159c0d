import type { Maker } from '@bulkhead/model';
import { Members } from './members.ts';
import type { NamespaceSet } from './proc-reader.ts';
import type { ProcessReading } from './process-reading.ts';

/** What decides to which workload a process belongs. */
export interface WorkloadIdentity {
  id: string;
  maker: Maker;
  cgroupPath: string;
  /** True where children belong to it whatever else is found of them: it was recognised by ancestry. */
  inherited: boolean;
}

interface Group {
  namespaces: NamespaceSet;
  members: Members<ProcessReading>;
}

/** Processes that belong together, by the namespaces they share. */
export class WorkloadRecord {
  readonly id: string;
  readonly cgroupPath: string;
  readonly inherited: boolean;
  maker: Maker;
  readonly members = new Members<ProcessReading>();
  readonly #groups = new Map<string, Group>();

  constructor({ id, maker, cgroupPath, inherited }: WorkloadIdentity) {
    this.id = id;
    this.maker = maker;
    this.cgroupPath = cgroupPath;
    this.inherited = inherited;
  }

  add(process: ProcessReading): void {
    this.members.add(process);
    const key = process.namespaces.join(' ');
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = { namespaces: process.namespaces, members: new Members<ProcessReading>() };
      this.#groups.set(key, group);
    }
    group.members.add(process);
  }

  /** @param namespaces those with which it was added */
  remove(process: ProcessReading, namespaces: NamespaceSet): void {
    this.members.remove(process);
    const key = namespaces.join(' ');
    const group = this.#groups.get(key);
    group?.members.remove(process);
    if (group?.members.size === 0) this.#groups.delete(key);
  }

  get groupCount(): number {
    return this.#groups.size;
  }

  /** The group of the leader first, then the oldest; at most `limit`. */
  groups(limit: number): Group[] {
    const leader = this.members.oldest;
    const first = leader === undefined ? undefined : this.#groups.get(leader.namespaces.join(' '));
    const groups = first === undefined ? [] : [first];
    for (const group of this.#groups.values()) {
      if (groups.length >= limit) break;
      if (group !== first) groups.push(group);
    }
    return groups;
  }
}
