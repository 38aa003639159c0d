import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { type KeptTranscript, readTranscript } from '@bulkhead/container';
import {
  type Container,
  type ContainerId,
  type JournalEntry,
  type JournalRecord,
  type LimitChange,
  type PostMortem,
  Problem,
} from '@bulkhead/model';
import { limitChangeOf } from '../container/limit-change.ts';

/** What is written: an event's transcript beside it as it was kept, to be made readable when it is fetched. */
export type Draft = JournalRecord | (Extract<JournalRecord, { kind: 'event' }> & { transcript?: KeptTranscript });

function toRecord(text: string): JournalRecord {
  const draft = JSON.parse(text) as Draft;
  if (!('transcript' in draft) || draft.transcript === undefined) return draft;
  const { transcript, ...record } = draft;
  return { ...record, event: { ...record.event, transcript: readTranscript(transcript) } };
}

const version = 2;
/** One page answered: transcripts can be long. */
const pageLimitBytes = 8 * 1024 * 1024;

const schema = `
  CREATE TABLE IF NOT EXISTS entry (seq INTEGER PRIMARY KEY AUTOINCREMENT, record TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS known_container (id TEXT PRIMARY KEY, container TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS post_mortem (id TEXT PRIMARY KEY, card TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS limit_change (id TEXT NOT NULL, number INTEGER NOT NULL, change TEXT NOT NULL, PRIMARY KEY (id, number)) WITHOUT ROWID;
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
  readonly #keepCard: StatementSync;
  readonly #keepChange: StatementSync;
  readonly #forget: readonly StatementSync[];

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
      // Of a container that is known alone: one that has gone already is not remembered anew by what is told late of it.
      this.#keepCard = this.#database.prepare(`
        INSERT INTO post_mortem SELECT id, ?2 FROM known_container WHERE id = ?1 ON CONFLICT DO UPDATE SET card = excluded.card`);
      this.#keepChange = this.#database.prepare(`
        INSERT INTO limit_change SELECT id, (SELECT count(*) FROM limit_change c WHERE c.id = :id), :change
        FROM known_container WHERE id = :id`);
      this.#forget = ['known_container', 'post_mortem', 'limit_change'].map((table) =>
        this.#database.prepare(`DELETE FROM ${table} WHERE id = ?`),
      );
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
          this.#remember(record);
        }
        return seq;
      }),
    );
  }

  /** What is to be found again of containers that are there, after the collector fetched the entries that told it. */
  #remember(record: Draft): void {
    switch (record.kind) {
      case 'container': {
        const { container, deleted } = record;
        if (!deleted) this.#keep.run(container.id, JSON.stringify(container));
        else for (const forget of this.#forget) forget.run(container.id);
        break;
      }
      case 'post-mortem':
        this.#keepCard.run(record.card.containerId, JSON.stringify(record.card));
        break;
      case 'event': {
        const change = limitChangeOf(record.event);
        if (change !== undefined) this.#keepChange.run({ id: record.event.containerId as string, change: JSON.stringify(change) });
        break;
      }
      case 'reading':
      case 'cgroup-minutes':
      case 'cgroup-reading':
      case 'cgroup-sums':
        break;
    }
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

  /** Cards of containers that are there. */
  knownPostMortems(): PostMortem[] {
    const rows = this.#database.prepare('SELECT card FROM post_mortem').all() as { card: string }[];
    return rows.map(({ card }) => JSON.parse(card) as PostMortem);
  }

  /** Who set limits of containers that are there, oldest first. */
  knownLimitChanges(): Map<ContainerId, LimitChange[]> {
    const rows = this.#database.prepare('SELECT id, change FROM limit_change ORDER BY id, number').all() as {
      id: ContainerId;
      change: string;
    }[];
    const changes = new Map<ContainerId, LimitChange[]>();
    for (const { id, change } of rows) changes.set(id, [...(changes.get(id) ?? []), JSON.parse(change) as LimitChange]);
    return changes;
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}
