import { DatabaseSync, type StatementSync } from 'node:sqlite';

/**
 * Kept this long on the boot clock, far beyond a statement's life: a wall clock set back by less than this makes no used
 * statement good again.
 */
const keptNsec = 2n * 3600n * 1_000_000_000n;
const pruneEveryMsec = 60_000;

interface Row {
  seen: number;
}

/**
 * Statements that were used, on disk: each serves once, also after this process was killed. A power cut may lose the
 * last ones; for those the caller checks that a statement was not issued before this boot.
 */
export class SeenStatements implements Disposable {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #bootId: string;
  readonly #timer: NodeJS.Timeout;
  readonly #clock: () => { boottimeNsec: bigint; wallMsec: number };
  /** Statements that expire at or before this may have been used and forgotten. */
  #forgottenUntilMsec: number;

  constructor(options: { path: string; bootId: string; clock: () => { boottimeNsec: bigint; wallMsec: number } }) {
    this.#bootId = options.bootId;
    this.#clock = options.clock;
    this.#database = new DatabaseSync(options.path);
    // Each use is written to the log before the call goes on; the disk is not waited for.
    this.#database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL;
      CREATE TABLE IF NOT EXISTS statement (jti TEXT PRIMARY KEY, boot_id TEXT NOT NULL, seen_sec INTEGER NOT NULL, expires_msec INTEGER NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS forgotten (only INTEGER PRIMARY KEY CHECK (only = 1), until_msec INTEGER NOT NULL);
      INSERT OR IGNORE INTO forgotten VALUES (1, 0);
    `);
    this.#insert = this.#database.prepare('INSERT OR IGNORE INTO statement VALUES (?, ?, ?, ?)');
    this.#forgottenUntilMsec = (this.#database.prepare('SELECT until_msec AS seen FROM forgotten').get() as unknown as Row).seen;
    this.prune();
    this.#timer = setInterval(() => this.prune(), pruneEveryMsec);
    this.#timer.unref();
  }

  /** Takes a statement's single use. @returns false where it was used before, or may have been */
  use(jti: string, expiresAtMsec: number): boolean {
    if (expiresAtMsec <= this.#forgottenUntilMsec) return false;
    const seconds = Number(this.#clock().boottimeNsec / 1_000_000_000n);
    return this.#insert.run(jti.toLowerCase(), this.#bootId, seconds, expiresAtMsec).changes === 1;
  }

  /** Forgets what has long expired, and what remains from another boot once it has expired. */
  prune(): void {
    const { boottimeNsec, wallMsec } = this.#clock();
    const beforeSec = Number((boottimeNsec - keptNsec) / 1_000_000_000n);
    const where = 'expires_msec < ? AND (boot_id <> ? OR seen_sec < ?)';
    const values = [wallMsec, this.#bootId, beforeSec] as const;
    const { seen } = this.#database
      .prepare(`SELECT coalesce(max(expires_msec), 0) AS seen FROM statement WHERE ${where}`)
      .get(...values) as unknown as Row;
    if (seen === 0) return;
    this.#forgottenUntilMsec = Math.max(this.#forgottenUntilMsec, seen);
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      this.#database.prepare('UPDATE forgotten SET until_msec = ?').run(this.#forgottenUntilMsec);
      this.#database.prepare(`DELETE FROM statement WHERE ${where}`).run(...values);
      this.#database.exec('COMMIT');
    } catch (failure) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw failure;
    }
  }

  get count(): number {
    return (this.#database.prepare('SELECT count(*) AS seen FROM statement').get() as unknown as Row).seen;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#database.close();
  }
}
