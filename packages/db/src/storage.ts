import { type Database, inScope } from './database.ts';
import { Prisma } from './generated/client.ts';

export interface TableStorage {
  name: string;
  /** With its indexes and what lies beside it (TOAST). */
  bytes: string;
  /** Counted where the table is small; else as PostgreSQL's statistics last had it, for counting would read all of it. */
  rows: string;
}

export interface Storage {
  databaseBytes: string;
  tables: TableStorage[];
}

/** Tables up to this size are counted: some hundred pages. Statistics of a young table, or after a crash, tell nothing. */
const countedBytes = 2 * 1024 * 1024;

/** Size of the database and of each of our tables, the largest first. */
export async function readStorage(database: Database): Promise<Storage> {
  return await inScope(database, 'all', async (transaction) => {
    const [whole] = await transaction.$queryRaw<{ bytes: string }[]>`SELECT pg_database_size(current_database())::text AS bytes`;
    const tables = await transaction.$queryRaw<(TableStorage & { counted: boolean; quoted: string })[]>`
      SELECT c.relname AS name, quote_ident(c.relname) AS quoted, size.bytes::text AS bytes, greatest(size.rows, 0)::text AS rows,
             c.relkind = 'r' AND pg_relation_size(c.oid) <= ${countedBytes} AND has_table_privilege(c.oid, 'SELECT') AS counted
      FROM pg_class c
      -- What is divided has its rows in its partitions.
      CROSS JOIN LATERAL (
        SELECT coalesce(sum(pg_total_relation_size(p.oid)), 0) AS bytes,
               coalesce(sum(greatest(pg_stat_get_live_tuples(p.oid), p.reltuples::bigint)), 0) AS rows
        FROM pg_class p WHERE p.oid = c.oid OR p.oid IN (SELECT i.inhrelid FROM pg_inherits i WHERE i.inhparent = c.oid)) size
      WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
      ORDER BY size.bytes DESC, c.relname`;
    const small = tables.filter(({ counted }) => counted);
    const counts = small.map(({ name, quoted }) => Prisma.sql`SELECT ${name} AS name, count(*)::text AS rows FROM ${Prisma.raw(quoted)}`);
    const exact =
      counts.length === 0
        ? []
        : await transaction.$queryRaw<{ name: string; rows: string }[]>(Prisma.sql`${Prisma.join(counts, ' UNION ALL ')}`);
    const rowsOf = new Map(exact.map(({ name, rows }) => [name, rows]));
    return {
      databaseBytes: whole?.bytes ?? '0',
      tables: tables.map(({ name, bytes, rows }) => ({ name, bytes, rows: rowsOf.get(name) ?? rows })),
    };
  });
}
