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

/** So many are looked through faster than a key is made. */
const mostWithoutKeys = 4;

const keyOf = (namespaces: NamespaceSet): string => namespaces.join(' ');

export const isSameSet = (one: NamespaceSet, other: NamespaceSet): boolean => {
  if (one === other) return true;
  if (one.length !== other.length) return false;
  for (let index = 0; index < one.length; index += 1) if (one[index] !== other[index]) return false;
  return true;
};

/** Processes that belong together, by the namespaces they share. */
export class WorkloadRecord {
  readonly id: string;
  readonly cgroupPath: string;
  readonly inherited: boolean;
  maker: Maker;
  readonly members = new Members<ProcessReading>();
  /** In the order in which they were met, as long as they are few. */
  #few: Group[] = [];
  /** The same, where they are more. */
  #byKey: Map<string, Group> | undefined;
  /** As makerOf answered last. */
  #named: Maker | undefined;

  constructor({ id, maker, cgroupPath, inherited }: WorkloadIdentity) {
    this.id = id;
    this.maker = maker;
    this.cgroupPath = cgroupPath;
    this.inherited = inherited;
  }

  /** Its maker; of work that is no container, what people know it by is a command that lives in it. */
  makerOf(command: string): Maker {
    if (this.maker.runtime !== 'plain') return this.maker;
    if (this.#named?.name !== command) this.#named = { ...this.maker, name: command };
    return this.#named;
  }

  add(process: ProcessReading): void {
    this.members.add(process);
    let group = this.#find(process.namespaces);
    if (group === undefined) {
      group = { namespaces: process.namespaces, members: new Members<ProcessReading>() };
      this.#keep(group);
    }
    group.members.add(process);
  }

  /** @param namespaces those with which it was added */
  remove(process: ProcessReading, namespaces: NamespaceSet): void {
    this.members.remove(process);
    const group = this.#find(namespaces);
    group?.members.remove(process);
    if (group === undefined || group.members.size > 0) return;
    if (this.#byKey === undefined) this.#few.splice(this.#few.indexOf(group), 1);
    else this.#byKey.delete(keyOf(group.namespaces));
  }

  #keep(group: Group): void {
    if (this.#byKey === undefined) {
      this.#few.push(group);
      if (this.#few.length <= mostWithoutKeys) return;
      this.#byKey = new Map(this.#few.map((each) => [keyOf(each.namespaces), each]));
      this.#few = [];
    } else this.#byKey.set(keyOf(group.namespaces), group);
  }

  #find(namespaces: NamespaceSet): Group | undefined {
    if (this.#byKey !== undefined) return this.#byKey.get(keyOf(namespaces));
    for (const group of this.#few) if (isSameSet(group.namespaces, namespaces)) return group;
    return undefined;
  }

  get groupCount(): number {
    return this.#byKey?.size ?? this.#few.length;
  }

  /** The group of the leader first, then the oldest; at most `limit`. */
  groups(limit: number): Group[] {
    const leader = this.members.oldest;
    const first = leader === undefined ? undefined : this.#find(leader.namespaces);
    const groups = first === undefined ? [] : [first];
    for (const group of this.#byKey?.values() ?? this.#few) {
      if (groups.length >= limit) break;
      if (group !== first) groups.push(group);
    }
    return groups;
  }
}
