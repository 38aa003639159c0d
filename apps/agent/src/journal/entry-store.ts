import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { type KeptTranscript, readTranscript } from '@bulkhead/container';
import { type Container, type JournalEntry, type JournalRecord, Problem } from '@bulkhead/model';

/** What is written: an event's transcript beside it as it was kept, to be made readable when it is fetched. */
export type Draft = JournalRecord | (Extract<JournalRecord, { kind: 'event' }> & { transcript?: KeptTranscript });

function toRecord(text: string): JournalRecord {
  const draft = JSON.parse(text) as Draft;
  if (!('transcript' in draft) || draft.transcript === undefined) return draft;
  const { transcript, ...record } = draft;
  return { ...record, event: { ...record.event, transcript: readTranscript(transcript) } };
}

const version = 1;
/** One page answered: transcripts can be long. */
const pageLimitBytes = 8 * 1024 * 1024;

const schema = `
  CREATE TABLE IF NOT EXISTS entry (seq INTEGER PRIMARY KEY AUTOINCREMENT, record TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS known_container (id TEXT PRIMARY KEY, container TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS acknowledged (only INTEGER PRIMARY KEY CHECK (only = 1), seq INTEGER NOT NULL);
  INSERT OR IGNORE INTO acknowledged VALUES (1, 0);
  PRAGMA user_version = ${version};
`;

/**
 * The journal's file: a SQLite database in WAL mode. What is written is in the log file `<path>-wal` when the call
 * returns, safe from the death of this process; the disk has it after a sync of that file.
 */
export class EntryStore implements Disposable {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #keep: StatementSync;
  readonly #forget: StatementSync;

  /** @throws Problem where the file cannot be opened, or is of a newer version */
  constructor(path: string) {
    this.#database = new DatabaseSync(path);
    try {
      // A checkpoint still waits for the disk, before it moves anything out of the log.
      this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
      const { user_version: found } = this.#database.prepare('PRAGMA user_version').get() as { user_version: number };
      if (found > version) throw new Problem('unsupported', `${path} was written by a newer agent (${found}); this one reads ${version}`);
      if (found < version) this.#database.exec(schema);
      this.#insert = this.#database.prepare('INSERT INTO entry (record) VALUES (?)');
      this.#keep = this.#database.prepare(
        'INSERT INTO known_container VALUES (?, ?) ON CONFLICT DO UPDATE SET container = excluded.container',
      );
      this.#forget = this.#database.prepare('DELETE FROM known_container WHERE id = ?');
    } catch (failure) {
      this.#database.close();
      if (failure instanceof Problem) throw failure;
      throw new Problem('unavailable', `the journal ${path} cannot be opened: ${(failure as Error).message}`, {
        remedy: 'see that its disk has space and is writable',
        cause: failure,
      });
    }
  }

  #transaction<T>(run: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = run();
      this.#database.exec('COMMIT');
      return result;
    } catch (failure) {
      // Where the disk is full, SQLite has rolled back by itself.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw failure;
    }
  }

  /** Writes several lists of records in one transaction. @returns the last sequence number of each, 0 of an empty one */
  write(lists: readonly (readonly Draft[])[]): number[] {
    return this.#transaction(() =>
      lists.map((records) => {
        let seq = 0;
        for (const record of records) {
          seq = Number(this.#insert.run(JSON.stringify(record)).lastInsertRowid);
          if (record.kind !== 'container') continue;
          if (record.deleted) this.#forget.run(record.container.id);
          else this.#keep.run(record.container.id, JSON.stringify(record.container));
        }
        return seq;
      }),
    );
  }

  /** The highest sequence number ever given, or 0. */
  get lastSeq(): number {
    const row = this.#database.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'entry'").get() as { seq: number } | undefined;
    return row?.seq ?? 0;
  }

  get acknowledgedSeq(): number {
    return (this.#database.prepare('SELECT seq FROM acknowledged').get() as { seq: number }).seq;
  }

  /** Entries after one sequence number and up to another, oldest first, at most `limit` and some megabytes. */
  read(after: number, upTo: number, limit: number): JournalEntry[] {
    const entries: JournalEntry[] = [];
    let bytes = 0;
    const rows = this.#database.prepare('SELECT seq, record FROM entry WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?');
    for (const row of rows.iterate(after, upTo, limit)) {
      const { seq, record } = row as { seq: number; record: string };
      bytes += record.length;
      if (entries.length > 0 && bytes > pageLimitBytes) break;
      entries.push({ seq, record: toRecord(record) });
    }
    return entries;
  }

  /** Forgets everything up to and with a sequence number. Lost in a power cut, it is acknowledged again. */
  acknowledge(seq: number): void {
    const upTo = Math.min(seq, this.lastSeq);
    if (upTo <= this.acknowledgedSeq) return;
    this.#transaction(() => {
      this.#database.prepare('DELETE FROM entry WHERE seq <= ?').run(upTo);
      this.#database.prepare('UPDATE acknowledged SET seq = ?').run(upTo);
    });
  }

  /** Bytes of what is kept; pages that were freed are used again. */
  get sizeBytes(): number {
    const read = (name: string) => Object.values(this.#database.prepare(`PRAGMA ${name}`).get() as Record<string, number>)[0] ?? 0;
    return (read('page_count') - read('freelist_count')) * read('page_size');
  }

  /** Replaces entries, or with undefined removes them. */
  revise(changes: readonly { seq: number; record: JournalRecord | undefined }[]): void {
    const update = this.#database.prepare('UPDATE entry SET record = ? WHERE seq = ?');
    const remove = this.#database.prepare('DELETE FROM entry WHERE seq = ?');
    this.#transaction(() => {
      for (const { seq, record } of changes) {
        if (record === undefined) remove.run(seq);
        else update.run(JSON.stringify(record), seq);
      }
    });
  }

  /** Containers that were written and not yet written to be gone. */
  knownContainers(): Container[] {
    const rows = this.#database.prepare('SELECT container FROM known_container').all() as { container: string }[];
    return rows.map(({ container }) => JSON.parse(container) as Container);
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}
