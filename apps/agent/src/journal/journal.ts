import type { Container, ContainerId, JournalEntry, LimitChange, PostMortem } from '@bulkhead/model';
import { Compaction } from './compaction.ts';
import { DiskSync } from './disk-sync.ts';
import { type Draft, EntryStore } from './entry-store.ts';

interface Waiting {
  records: readonly Draft[];
  /** Whether the disk must confirm it before it is resolved. */
  urgent: boolean;
  resolve(seq: number): void;
}

export interface JournalOptions {
  path: string;
  /** Beyond this, detail is given up: nobody may ever come to collect. */
  limitBytes?: number;
  /** Told when writing fails, and with undefined when it works again. */
  onTrouble?(failure: Error | undefined): void;
}

/** What nobody waits for is confirmed by the disk within this time. */
const syncWithinMsec = 200;
const firstRetryMsec = 250;
const lastRetryMsec = 10_000;
/** Records that wait in memory while the disk takes none. */
const waitingLimit = 20_000;

const toError = (failure: unknown): Error => (failure instanceof Error ? failure : new Error(String(failure)));

/** Lets go who waits; the records stay. */
function release(waiting: Waiting): void {
  waiting.resolve(0);
  waiting.resolve = () => undefined;
}

/**
 * What the collector has yet to fetch: readings, events and containers, in the order they were written, on disk.
 *
 * What comes within one turn of the event loop shares a transaction, and what is written while the disk is busy shares
 * the next sync. A sequence number is never used twice, also after everything was acknowledged. While the disk takes
 * nothing, records wait in memory and are tried again; containers go on.
 */
export class Journal implements AsyncDisposable {
  readonly #store: EntryStore;
  readonly #disk: DiskSync;
  readonly #compaction: Compaction;
  readonly #onTrouble: NonNullable<JournalOptions['onTrouble']>;
  #waiting: Waiting[] = [];
  #waitingRecords = 0;
  #dropped = 0;
  /** Written, and to be resolved when the disk confirms. */
  #unconfirmed: { seq: number; resolve(seq: number): void }[] = [];
  #writtenSeq: number;
  #confirmedSeq = 0;
  #scheduled = false;
  #syncTimer: NodeJS.Timeout | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #retryMsec = firstRetryMsec;
  #troubled = false;
  #closed = false;

  /** @throws Problem where the file cannot be opened */
  constructor({ path, limitBytes = 1024 ** 3, onTrouble = () => undefined }: JournalOptions) {
    this.#onTrouble = onTrouble;
    this.#store = new EntryStore(path);
    this.#compaction = new Compaction(this.#store, limitBytes);
    this.#disk = new DiskSync(`${path}-wal`);
    this.#writtenSeq = this.#store.lastSeq;
  }

  /** Resolves with the last sequence number once the disk has confirmed all records. */
  append(records: readonly Draft[]): Promise<number> {
    return this.#enqueue(records, true);
  }

  /**
   * Resolves once the records are written, so that the death of this process loses none; the disk is asked to confirm
   * them within a moment. Where it takes none, resolves all the same: they are kept and tried again.
   */
  async note(records: readonly Draft[]): Promise<void> {
    await this.#enqueue(records, false);
  }

  #enqueue(records: readonly Draft[], urgent: boolean): Promise<number> {
    if (this.#closed) return Promise.reject(new Error('the journal is closed'));
    return new Promise((resolve) => {
      const waiting: Waiting = { records, urgent, resolve };
      this.#waiting.push(waiting);
      this.#waitingRecords += records.length;
      if (this.#waitingRecords > waitingLimit) this.#thin();
      if (this.#retryTimer !== undefined) {
        if (!urgent) release(waiting);
        return;
      }
      if (this.#scheduled) return;
      this.#scheduled = true;
      setImmediate(() => {
        this.#scheduled = false;
        this.#write();
      });
    });
  }

  /** Events and readings in between go, and are counted; counters are cumulative, so that the last one of a container still tells all. */
  #thin(): void {
    const before = this.#waitingRecords;
    for (const waiting of this.#waiting)
      waiting.records = waiting.records.filter(
        ({ kind, ...record }) => kind === 'container' || kind === 'post-mortem' || ('final' in record && record.final),
      );
    this.#waitingRecords = this.#waiting.reduce((sum, { records }) => sum + records.length, 0);
    this.#dropped += before - this.#waitingRecords;
  }

  /** Records given up because too many waited for a disk that took none. */
  get dropped(): number {
    return this.#dropped;
  }

  #write(): void {
    const batch = this.#waiting;
    if (batch.length === 0 || this.#closed) return;
    let seqs: number[];
    try {
      seqs = this.#store.write(batch.map(({ records }) => records));
    } catch (failure) {
      for (const waiting of batch) if (!waiting.urgent) release(waiting);
      this.#fail(failure);
      return;
    }
    this.#waiting = [];
    this.#waitingRecords = 0;
    this.#writtenSeq = Math.max(this.#writtenSeq, ...seqs);
    for (const [index, { urgent, resolve }] of batch.entries()) {
      if (urgent) this.#unconfirmed.push({ seq: seqs[index] as number, resolve });
      else resolve(seqs[index] as number);
    }
    if (this.#unconfirmed.length > 0) void this.#confirm();
    else
      this.#syncTimer ??= setTimeout(() => {
        this.#syncTimer = undefined;
        void this.#confirm();
      }, syncWithinMsec);
  }

  /** Has the disk confirm everything written so far. Does not throw: where it fails, it is tried again by itself. */
  async #confirm(): Promise<void> {
    clearTimeout(this.#syncTimer);
    this.#syncTimer = undefined;
    const seq = this.#writtenSeq;
    const unconfirmed = this.#unconfirmed;
    this.#unconfirmed = [];
    try {
      await this.#disk.request();
    } catch (failure) {
      this.#unconfirmed.unshift(...unconfirmed);
      this.#fail(failure);
      return;
    }
    this.#confirmedSeq = Math.max(this.#confirmedSeq, seq);
    for (const each of unconfirmed) each.resolve(each.seq);
    if (!this.#troubled || this.#retryTimer !== undefined) return;
    this.#troubled = false;
    this.#retryMsec = firstRetryMsec;
    this.#onTrouble(undefined);
  }

  #fail(failure: unknown): void {
    this.#troubled = true;
    this.#onTrouble(toError(failure));
    if (this.#closed) return;
    this.#retryTimer ??= setTimeout(() => {
      this.#retryTimer = undefined;
      this.#write();
      if (this.#retryTimer === undefined) void this.#confirm();
    }, this.#retryMsec);
    this.#retryMsec = Math.min(this.#retryMsec * 2, lastRetryMsec);
  }

  /** The highest sequence number ever given, or 0. */
  get lastSeq(): number {
    return this.#writtenSeq;
  }

  /** Entries after a sequence number, oldest first. Only what the disk has: a number once told never means another record. */
  async pull(after: number, limit: number): Promise<{ entries: JournalEntry[]; lastSeq: number; acknowledgedSeq: number }> {
    if (this.#confirmedSeq < this.#writtenSeq) await this.#confirm();
    return {
      entries: this.#store.read(after, this.#confirmedSeq, limit),
      lastSeq: this.#writtenSeq,
      acknowledgedSeq: this.#store.acknowledgedSeq,
    };
  }

  /** Forgets everything up to and with a sequence number. */
  acknowledge(seq: number): void {
    this.#store.acknowledge(seq);
  }

  /** Bytes of what the collector has yet to fetch. */
  get sizeBytes(): number {
    return this.#store.sizeBytes;
  }

  /** True while it is beyond its limit: detail of the past is given up, no use is. */
  get overflowing(): boolean {
    return this.#compaction.overflowing;
  }

  /** Gives up some detail where the limit is passed; called now and then. */
  compact(): void {
    try {
      this.#compaction.step(this.#confirmedSeq);
    } catch (failure) {
      this.#fail(failure);
    }
  }

  /** Containers that readers of the journal were told of and not yet told to be gone. */
  knownContainers(): Container[] {
    return this.#store.knownContainers();
  }

  /** Cards of those of them that ended, and who set limits of any. */
  knownPostMortems(): PostMortem[] {
    return this.#store.knownPostMortems();
  }

  knownLimitChanges(): Map<ContainerId, LimitChange[]> {
    return this.#store.knownLimitChanges();
  }

  /** Writes what waits; what the disk still refuses is lost with the process, and its promises never resolve. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    clearTimeout(this.#retryTimer);
    this.#write();
    this.#closed = true;
    if (this.#confirmedSeq < this.#writtenSeq) await this.#confirm();
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#syncTimer);
    await this.#disk[Symbol.asyncDispose]();
    this.#store[Symbol.dispose]();
  }
}
