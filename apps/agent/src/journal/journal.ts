import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Container, JournalEntry, JournalRecord } from '@bulkhead/model';

interface Waiting {
  records: readonly JournalRecord[];
  /** Whether the disk must confirm it before it is resolved. */
  urgent: boolean;
  resolve(seq: number): void;
}

/** Lets go who waits; the records stay. */
function release(waiting: Waiting): void {
  waiting.resolve(0);
  waiting.resolve = () => undefined;
}

export interface JournalOptions {
  path: string;
  /** Told when appending fails, and again when it works: containers go on meanwhile, their readings wait in memory. */
  onTrouble?(failure: Error | undefined): void;
}

const syncWithinMsec = 200;
const firstRetryMsec = 250;
const lastRetryMsec = 10_000;
/** Records that wait in memory while the disk takes none. */
const waitingLimit = 20_000;
/** One page answered by `pull`: transcripts can be long. */
const pageLimitBytes = 8 * 1024 * 1024;

const schema = `
  CREATE TABLE IF NOT EXISTS entry (seq INTEGER PRIMARY KEY AUTOINCREMENT, record TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS known_container (id TEXT PRIMARY KEY, container TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS position (only INTEGER PRIMARY KEY CHECK (only = 1), acknowledged_seq INTEGER NOT NULL, syncs INTEGER NOT NULL);
  INSERT OR IGNORE INTO position VALUES (1, 0, 0);
  PRAGMA user_version = 1;
`;

/**
 * What the collector has yet to fetch: readings, events and containers, in the order they were written, on disk.
 *
 * Appends of one turn of the event loop share a transaction. The promise of `append` resolves when the disk has
 * confirmed it. A sequence number is never
 * used twice, also after everything was acknowledged.
 */
export class Journal implements AsyncDisposable {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #keep: StatementSync;
  readonly #forget: StatementSync;
  readonly #onTrouble: NonNullable<JournalOptions['onTrouble']>;
  #waiting: Waiting[] = [];
  #waitingRecords = 0;
  #dropped = 0;
  #scheduled = false;
  #dirty = false;
  #syncTimer: NodeJS.Timeout | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #retryMsec = firstRetryMsec;
  #troubled = false;
  #closed = false;

  constructor({ path, onTrouble = () => undefined }: JournalOptions) {
    this.#onTrouble = onTrouble;
    this.#database = new DatabaseSync(path);
    this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    const { user_version: version } = this.#database.prepare('PRAGMA user_version').get() as { user_version: number };
    if (version > 1) throw new Error(`${path} was written by a newer version (${version}); this one reads 1`);
    this.#database.exec(schema);
    this.#insert = this.#database.prepare('INSERT INTO entry (record) VALUES (?)');
    this.#keep = this.#database.prepare(
      'INSERT INTO known_container VALUES (?, ?) ON CONFLICT DO UPDATE SET container = excluded.container',
    );
    this.#forget = this.#database.prepare('DELETE FROM known_container WHERE id = ?');
  }

  /** Resolves with the last sequence number once the disk has confirmed all records. */
  append(records: readonly JournalRecord[]): Promise<number> {
    return this.#enqueue(records, true);
  }

  /**
   * Resolves once the records are written, so that the death of this process loses none; the disk is asked to confirm
   * them within a moment. Where it takes none, resolves all the same: they are kept and tried again.
   */
  async note(records: readonly JournalRecord[]): Promise<void> {
    await this.#enqueue(records, false);
  }

  #enqueue(records: readonly JournalRecord[], urgent: boolean): Promise<number> {
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
        this.#commit();
      });
    });
  }

  /** Events and readings in between go, and are counted; counters are cumulative, so that the last one of a container still tells all. */
  #thin(): void {
    const before = this.#waitingRecords;
    for (const waiting of this.#waiting)
      waiting.records = waiting.records.filter((record) => record.kind === 'container' || (record.kind === 'reading' && record.final));
    this.#waitingRecords = this.#waiting.reduce((sum, { records }) => sum + records.length, 0);
    this.#dropped += before - this.#waitingRecords;
  }

  /** Records given up because too many waited for a disk that took none. */
  get dropped(): number {
    return this.#dropped;
  }

  #commit(): void {
    const batch = this.#waiting;
    if (batch.length === 0) return;
    const urgent = batch.some((waiting) => waiting.urgent);
    try {
      // In a WAL, a commit that syncs makes every commit before it durable too.
      this.#database.exec(`PRAGMA synchronous = ${urgent ? 'FULL' : 'NORMAL'}`);
      this.#database.exec('BEGIN IMMEDIATE');
      const written = batch.map((waiting) => ({ seq: this.#write(waiting.records), waiting }));
      this.#database.exec('COMMIT');
      this.#waiting = [];
      this.#waitingRecords = 0;
      // A commit that asks the disk has its answer when it returns.
      for (const { seq, waiting } of written) waiting.resolve(seq);
    } catch (failure) {
      this.#failed(failure);
      return;
    }
    this.#recovered();
    if (urgent) this.#confirmed();
    else {
      this.#dirty = true;
      this.#syncTimer ??= setTimeout(() => this.sync(), syncWithinMsec);
    }
  }

  #write(records: readonly JournalRecord[]): number {
    let seq = 0;
    for (const record of records) {
      seq = Number(this.#insert.run(JSON.stringify(record)).lastInsertRowid);
      if (record.kind !== 'container') continue;
      if (record.deleted) this.#forget.run(record.container.id);
      else this.#keep.run(record.container.id, JSON.stringify(record.container));
    }
    return seq;
  }

  #failed(failure: unknown): void {
    try {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
    } catch {
      // SQLite has rolled back by itself, as it does where the disk is full.
    }
    for (const waiting of this.#waiting) if (!waiting.urgent) release(waiting);
    this.#troubled = true;
    this.#onTrouble(failure instanceof Error ? failure : new Error(String(failure)));
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = undefined;
      this.#commit();
      if (this.#dirty) this.sync();
    }, this.#retryMsec);
    this.#retryMsec = Math.min(this.#retryMsec * 2, lastRetryMsec);
  }

  #recovered(): void {
    if (!this.#troubled) return;
    this.#troubled = false;
    this.#retryMsec = firstRetryMsec;
    this.#onTrouble(undefined);
  }

  #confirmed(): void {
    clearTimeout(this.#syncTimer);
    this.#syncTimer = undefined;
    this.#dirty = false;
  }

  /** Writes what waits and has the disk confirm everything written so far. */
  sync(): void {
    this.#syncTimer = undefined;
    if (this.#waiting.length > 0 && this.#retryTimer === undefined) this.#commit();
    if (!this.#dirty) return;
    try {
      this.#database.exec('PRAGMA synchronous = FULL');
      this.#database.exec('UPDATE position SET syncs = syncs + 1');
      this.#confirmed();
    } catch (failure) {
      if (this.#retryTimer === undefined) this.#failed(failure);
    }
  }

  /** The highest sequence number ever given, or 0. */
  get lastSeq(): number {
    const row = this.#database.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'entry'").get() as { seq: number } | undefined;
    return row?.seq ?? 0;
  }

  get acknowledgedSeq(): number {
    return (this.#database.prepare('SELECT acknowledged_seq AS seq FROM position').get() as { seq: number }).seq;
  }

  /** Entries after a sequence number, oldest first. Only what the disk has: a number once told never means another record. */
  pull(after: number, limit: number): { entries: JournalEntry[]; lastSeq: number; acknowledgedSeq: number } {
    this.sync();
    const entries: JournalEntry[] = [];
    let bytes = 0;
    if (!this.#dirty) {
      for (const row of this.#database.prepare('SELECT seq, record FROM entry WHERE seq > ? ORDER BY seq LIMIT ?').iterate(after, limit)) {
        const { seq, record } = row as { seq: number; record: string };
        bytes += record.length;
        if (entries.length > 0 && bytes > pageLimitBytes) break;
        entries.push({ seq, record: JSON.parse(record) as JournalRecord });
      }
    }
    return { entries, lastSeq: this.lastSeq, acknowledgedSeq: this.acknowledgedSeq };
  }

  /** Forgets everything up to and with a sequence number. */
  acknowledge(seq: number): void {
    const upTo = Math.min(seq, this.lastSeq);
    if (upTo <= this.acknowledgedSeq) return;
    // Lost in a power cut, it is acknowledged again.
    this.#database.exec('PRAGMA synchronous = NORMAL');
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      this.#database.prepare('DELETE FROM entry WHERE seq <= ?').run(upTo);
      this.#database.prepare('UPDATE position SET acknowledged_seq = ?').run(upTo);
      this.#database.exec('COMMIT');
    } catch (failure) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw failure;
    }
  }

  /** Containers that readers of the journal were told of and not yet told to be gone. */
  knownContainers(): Container[] {
    const rows = this.#database.prepare('SELECT container FROM known_container').all() as { container: string }[];
    return rows.map(({ container }) => JSON.parse(container) as Container);
  }

  /** Writes what waits; what the disk still refuses is lost with the process, and its promises never resolve. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    this.sync();
    clearTimeout(this.#syncTimer);
    clearTimeout(this.#retryTimer);
    this.#database.close();
  }
}
