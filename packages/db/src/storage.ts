import { type Database, inScope } from './database.ts';

export interface TableStorage {
  name: string;
  /** With its indexes and what lies beside it (TOAST). */
  bytes: string;
  /** As PostgreSQL's statistics last had it: counting them would read them all. */
  rows: string;
}

export interface Storage {
  databaseBytes: string;
  tables: TableStorage[];
}

/** Size of the database and of each of our tables, the largest first. */
export async function readStorage(database: Database): Promise<Storage> {
  return await inScope(database, 'all', async (transaction) => {
    const [whole] = await transaction.$queryRaw<{ bytes: string }[]>`SELECT pg_database_size(current_database())::text AS bytes`;
    const tables = await transaction.$queryRaw<TableStorage[]>`
      SELECT c.relname AS name, pg_total_relation_size(c.oid)::text AS bytes,
             greatest(pg_stat_get_live_tuples(c.oid), c.reltuples::bigint, 0)::text AS rows
      FROM pg_class c
      WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
      ORDER BY pg_total_relation_size(c.oid) DESC, c.relname`;
    return { databaseBytes: whole?.bytes ?? '0', tables };
  });
}
