import type { Maker, NamespaceType } from '@bulkhead/model';
import { Members } from './members.ts';
import type { ProcessRecord } from './process-record.ts';

/** A namespace as the inventory knows it, and what keeps it alive. */
export class NamespaceRecord {
  readonly ino: number;
  readonly type: NamespaceType;
  readonly initial: boolean;
  readonly firstSeenAt: string;
  owner: number | undefined;
  parent: number | undefined;
  ownerUid: number | undefined;
  /** Of a mount namespace: its number for listmount(2), where the kernel gives one. */
  mountNamespaceId: bigint | undefined;
  /** Processes whose main thread is a member. */
  readonly members = new Members<ProcessRecord>();
  /** Threads that are members while their main thread is not, by tid. */
  readonly threads = new Map<number, ProcessRecord>();
  /** Paths by the mount namespace in which they are. */
  readonly mounts = new Map<number, readonly string[]>();
  /** Open descriptors by process. */
  readonly descriptors = new Map<ProcessRecord, readonly number[]>();
  /** Namespaces nested in it or owned by it. */
  readonly children = new Set<number>();
  /** Whose it was when it last had a member: what is left behind stays theirs. */
  maker: Maker | undefined;

  constructor(ino: number, type: NamespaceType, initial: boolean, firstSeenAt: string) {
    this.ino = ino;
    this.type = type;
    this.initial = initial;
    this.firstSeenAt = firstSeenAt;
  }

  get isHeld(): boolean {
    return this.members.size + this.threads.size + this.mounts.size + this.descriptors.size + this.children.size > 0;
  }
}
