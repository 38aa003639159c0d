import { randomUUID } from 'node:crypto';
import { largestPage } from '../../apps/collector/src/collect.ts';
import { ingest, KnownIncarnations } from '../../packages/db/src/index.ts';
import { readingColumns } from '../../packages/db/src/reading-row.ts';
import { type FreshDatabase, freshDatabase } from '../../packages/db/test/fresh-database.ts';
import { makeReading, toEntries } from '../../packages/db/test/journal.ts';
import type { ReadingRecord } from '../../packages/model/src/index.ts';
import { startPostgres } from '../support/postgres.ts';
import { type BenchResult, median, shuffle } from './result.ts';

const containers = 1000;
const rounds = 11;
/** A page as the collector asks for it: some minutes of every container. */
const minutesPerPage = largestPage / containers;
/** Pages a round: so many that each contender takes about as long and meets as much of what else the machine does. */
const pages = { ours: 6, peer: 1, floor: 6 };
type Contender = keyof typeof pages;

/** Some minutes of a host with a thousand containers of twenty tenants. */
function makePage(facts: { hostId: string; bootId: string; page: number }): ReadingRecord[] {
  const { page, ...host } = facts;
  return Array.from({ length: largestPage }, (_, index) => {
    const container = index % containers;
    const minute = page * minutesPerPage + Math.floor(index / containers) + 1;
    return makeReading({ ...host, minute, container, tenantId: `tenant-${container % 20}`, ioReadBytes: minute });
  });
}

const camelCase = (column: string): string => column.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
/** A reading as Prisma's createMany takes it. */
const toPrismaRow = (record: ReadingRecord) =>
  Object.fromEntries(
    readingColumns.map(({ column, type, of }) => {
      const value = of(record) ?? null;
      return [camelCase(column), type === 'timestamptz' ? new Date(record.at) : type === 'bigint' ? BigInt(value ?? 0) : value];
    }),
  );

/** Each contender writes as a host of its own, each round the minutes after those of the round before. */
class Writer {
  readonly hostId = randomUUID();
  readonly #bootId = randomUUID();
  readonly #known = new KnownIncarnations();
  readonly #contender: Contender;
  readonly #database: FreshDatabase;
  #page = 0;

  constructor(contender: Contender, database: FreshDatabase) {
    this.#contender = contender;
    this.#database = database;
  }

  get written(): number {
    return this.#page * largestPage;
  }

  /** Rows per second, from records in memory to a commit that outlives a crash. */
  async round(): Promise<number> {
    const first = this.#page;
    const records = Array.from({ length: pages[this.#contender] }, (_, index) =>
      makePage({ hostId: this.hostId, bootId: this.#bootId, page: first + index }),
    );
    const entries = records.map((page, index) => toEntries(page, (first + index) * largestPage));
    const begin = performance.now();
    for (const [index, page] of records.entries()) {
      const after = this.#page * largestPage;
      switch (this.#contender) {
        case 'ours':
          await ingest(this.#database.collector, { hostId: this.hostId, after, entries: entries[index] ?? [] }, this.#known);
          break;
        case 'peer':
          await this.#createMany(page);
          break;
        case 'floor':
          await this.#insertSelect();
          break;
      }
      this.#page += 1;
    }
    return (records.length * largestPage * 1000) / (performance.now() - begin);
  }

  /** The peer: the same rows into the same table by the same role, in a transaction with the scope, as Prisma's own batch insert. */
  async #createMany(batch: readonly ReadingRecord[]): Promise<void> {
    const data = batch.map(toPrismaRow) as never;
    await this.#database.collector.client.$transaction(
      async (transaction) => {
        await transaction.$executeRaw`SELECT set_config('bulkhead.tenants', '*', true)`;
        await transaction.readingMinute.createMany({ data });
      },
      { timeout: 60_000 },
    );
  }

  /** The floor: the server copies rows that it already has, with nothing to send, parse or check. */
  async #insertSelect(): Promise<void> {
    const columns = readingColumns.map(({ column }) => column);
    const copied = columns.map((column) => {
      if (column === 'host_id') return '$1::uuid';
      return column === 'boottime_msec' ? 'boottime_msec + $2::bigint * 86400000' : column;
    });
    await this.#database.owner.query(`INSERT INTO reading_minute (${columns.join(', ')}) SELECT ${copied.join(', ')} FROM floor_source`, [
      this.hostId,
      this.#page,
    ]);
  }
}

/**
 * Readings made durable per second: packages/db's ingest (cursor, incarnations, conflicts and all) against Prisma's
 * createMany into the same table of the same server, in one run, in shuffled order, medians of several rounds.
 */
export async function run(): Promise<BenchResult> {
  await using server = await startPostgres({ max_wal_size: '4GB' });
  await using database = await freshDatabase(server);
  await database.owner.query('CREATE TABLE floor_source AS SELECT * FROM reading_minute');
  const source = makePage({ hostId: randomUUID(), bootId: randomUUID(), page: 0 });
  await ingest(database.collector, { hostId: source[0]?.incarnation.hostId ?? '', after: 0, entries: toEntries(source) });
  await database.owner.query('INSERT INTO floor_source SELECT * FROM reading_minute');

  const contenders = Object.keys(pages) as Contender[];
  const writers = new Map(contenders.map((contender) => [contender, new Writer(contender, database)]));
  const rates: Record<Contender, number[]> = { ours: [], peer: [], floor: [] };
  let failures = 0;
  for (let round = 0; round <= rounds; round += 1) {
    for (const contender of shuffle(contenders)) {
      const rate = await writers.get(contender)?.round();
      // The first round warms up connections, plans and the compiler.
      if (rate !== undefined && round > 0) rates[contender].push(rate);
    }
  }
  // A rate counts only where every row is there.
  const notes: string[] = [];
  for (const [contender, writer] of writers) {
    const { rows } = await database.owner.query('SELECT count(*)::int AS n FROM reading_minute WHERE host_id = $1', [writer.hostId]);
    if (rows[0].n !== writer.written) failures += 1;
    const list = rates[contender].map((rate) => Math.round(rate)).join(' ');
    notes.push(`${contender}: ${list} (each round)`);
  }
  const [ours, peer, floor] = [median(rates.ours), median(rates.peer), median(rates.floor)];
  return { name: 'ingest', unit: 'readings/s', ours, peer, floor, ratio: ours / peer, goal: { atLeast: 12 }, failures, notes };
}
