import type { CgroupMinutes, HostId } from '@bulkhead/model';
import { cgroupColumns, columnNames } from './cgroup-column.ts';
import type { Transaction } from './database.ts';
import { Prisma } from './generated/client.ts';

/** Paths whose numbers are remembered, at most: those of some large hosts. */
const rememberedPaths = 50_000;

/** Numbers of paths as they were last looked up or given, so that a minute needs no look-up of thousands of paths. */
export class KnownCgroups {
  #ids = new Map<string, number>();

  get(hostId: HostId, path: string): number | undefined {
    return this.#ids.get(`${hostId}${path}`);
  }

  remember(hostId: HostId, path: string, id: number): void {
    if (this.#ids.size >= rememberedPaths) this.forget();
    this.#ids.set(`${hostId}${path}`, id);
  }

  /** After numbers were removed from the database, or a transaction that gave some did not come to its end. */
  forget(): void {
    this.#ids = new Map();
  }
}

/** PostgreSQL's text holds neither NUL nor half a surrogate pair. */
const toText = (path: string): string => path.toWellFormed().replaceAll('\0', '\ufffd');

/** Gives a number to every path that has none, and answers with those of all. */
async function numberPaths(
  transaction: Transaction,
  hostId: HostId,
  minutes: readonly CgroupMinutes[],
  known: KnownCgroups,
): Promise<void> {
  const firstAt = minutes[0]?.at ?? new Date(0).toISOString();
  const unknown = new Set(minutes.flatMap(({ paths }) => paths.map(toText)).filter((path) => known.get(hostId, path) === undefined));
  if (unknown.size === 0) return;
  const paths = [...unknown];
  const keyed = Prisma.sql`SELECT path, substr(sha256(convert_to(path, 'UTF8')), 1, 16) AS path_key FROM unnest(${paths}::text[]) AS path`;
  // A number is only taken for a path that is new: a conflict would take one each time.
  await transaction.$executeRaw`
    INSERT INTO cgroup (host_id, path, path_key, last_at)
    SELECT ${hostId}::uuid, path, path_key, ${firstAt}::timestamptz FROM (${keyed}) AS n
    WHERE NOT EXISTS (SELECT FROM cgroup c WHERE c.host_id = ${hostId}::uuid AND c.path_key = n.path_key)
    ON CONFLICT DO NOTHING`;
  const rows = await transaction.$queryRaw<{ id: number; path: string }[]>`
    SELECT c.id, n.path FROM (${keyed}) AS n JOIN cgroup c ON c.host_id = ${hostId}::uuid AND c.path_key = n.path_key`;
  for (const { id, path } of rows) known.remember(hostId, path, id);
}

/** An array as PostgreSQL reads it from text; undefined where there is none. */
const arrayText = (values: readonly (number | null)[] | undefined): string | null =>
  values === undefined ? null : `{${values.map((value) => value ?? 'NULL').join()}}`;

/** Writes minutes of many cgroups. One that is there already changes nothing. */
export async function writeCgroupMinutes(
  transaction: Transaction,
  hostId: HostId,
  minutes: readonly CgroupMinutes[],
  known: KnownCgroups,
): Promise<void> {
  await numberPaths(transaction, hostId, minutes, known);
  const ids = minutes.map(({ paths }) => arrayText(paths.map((path) => known.get(hostId, toText(path)) ?? null)));
  const values = cgroupColumns.map(({ of }) => minutes.map((record) => arrayText(record[of])));
  const names = cgroupColumns.map(({ column }) => column);
  const texts = Prisma.join(values.map((texts) => Prisma.sql`${texts}::text[]`));
  await transaction.$executeRaw`
    INSERT INTO cgroup_minute (host_id, at, part, cgroup_ids, ${columnNames})
    SELECT ${hostId}::uuid, at, part, ids::int[], ${Prisma.raw(names.map((name) => `${name}::real[]`).join(', '))}
    FROM unnest(${minutes.map(({ at }) => at)}::timestamptz[], ${minutes.map(({ part }) => part)}::int[], ${ids}::text[], ${texts})
      AS n (at, part, ids, ${Prisma.raw(names.join(', '))})
    ON CONFLICT DO NOTHING`;
}
