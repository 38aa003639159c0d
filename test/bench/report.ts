import { randomUUID } from 'node:crypto';
import { reportUsage, rollUpUsage, usageRowsOf } from '../../packages/db/src/index.ts';
import { type FreshDatabase, freshDatabase } from '../../packages/db/test/fresh-database.ts';
import { startPostgres } from '../support/postgres.ts';
import { type BenchResult, median } from './result.ts';

const tenants = 10;
/** Of each tenant. */
const containers = 45;
const days = 31;
const minutes = days * 24 * 60;
const records = tenants * containers * minutes;
const start = '2026-01-01T00:00:00.000Z';
const end = '2026-02-01T00:00:00.000Z';
/** The same month where clocks are five hours behind UTC: its bounds are no days of UTC. */
const elsewhere = { start: '2026-01-01T05:00:00.000Z', end: '2026-01-31T05:00:00.000Z' };
/** Hours of the one tenant that the rollup makes. */
const rolledHours = 48;
const goalMsec = 200;
const runs = 40;

/** CPU time of a container after so many minutes, in microseconds: whole, so that sums can be held against it. */
const usecPerMinute = (container: number): number => 1_000_000 + container * 1000;

/** A month of minutes made in the database. Nothing is told of what a report does not read. */
async function generate(db: FreshDatabase, hostId: string): Promise<void> {
  const bootId = randomUUID();
  await db.owner.query(`INSERT INTO host (id, info, last_seen_at) VALUES ($1, '{}', now())`, [hostId]);
  await db.owner.query(`INSERT INTO journal_cursor (host_id, seq, told_until) VALUES ($1, 1, '${end}')`, [hostId]);
  await db.owner.query(`INSERT INTO tenant (id) SELECT 'tenant-' || t FROM generate_series(0, ${tenants - 1}) t`);
  await db.owner.query(
    `INSERT INTO incarnation (host_id, boot_id, cgroup_ino, container_id, tenant_id, container_name, first_at, steady)
     SELECT $1, $2, 1000 + c, lpad(to_hex(c), 16, '0'), 'tenant-' || c % ${tenants}, 'c' || c, '${start}'::timestamptz + interval '1 minute', true
     FROM generate_series(0, ${tenants * containers - 1}) c`,
    [hostId, bootId],
  );
  // In the order of the keys, so that indexes grow at their ends.
  await db.owner.query(
    `INSERT INTO reading_minute (host_id, boot_id, cgroup_ino, boottime_msec, tenant_id, container_id, at, final, cpu_usage_usec,
       memory_current_bytes, memory_peak_bytes, io_read_bytes, io_write_bytes, memory_byte_seconds, measured_msec, unmeasured_msec)
     SELECT $1, $2, 1000 + c, 1000000 + m * 60000, 'tenant-' || c % ${tenants}, lpad(to_hex(c), 16, '0'),
            '${start}'::timestamptz + m * interval '1 minute', false, m * (1000000 + c * 1000), 1048576, 2097152, m * 512, m * 4096,
            m * 62914560, m * 60000, 0
     FROM generate_series(0::bigint, ${tenants * containers - 1}) c, generate_series(1::bigint, ${minutes}) m`,
    [hostId, bootId],
  );
}

/** Rows as the rollup makes them, which takes minutes for all: some hours are made by it, and must come out the same. */
async function fillUp(db: FreshDatabase, hostId: string): Promise<void> {
  await db.owner.query(`SELECT ledger_partition_for('usage_hour', '${start}'), ledger_partition_for('usage_day', '${start}')`);
  for (const [table, step] of [
    ['usage_hour', 'hour'],
    ['usage_day', 'day'],
  ] as const) {
    const count = table === 'usage_hour' ? days * 24 : days;
    const hours = table === 'usage_hour' ? 1 : 24;
    await db.owner.query(
      `INSERT INTO ${table} (tenant_id, host_id, start_at, ${table === 'usage_hour' ? 'end_at, ' : ''}resource_key, kind, resource_id, name,
         meters, quantities, duration_msec, unmeasured_msec, flags)
       SELECT 'tenant-' || c % ${tenants}, $1, at, ${table === 'usage_hour' ? "at + interval '1 hour', " : ''}
              substr(sha256(convert_to('container ' || lpad(to_hex(c), 16, '0'), 'UTF8')), 1, 16), 'container', lpad(to_hex(c), 16, '0'), 'c' || c,
              '{1,3,5,7,8,13}', ARRAY[${hours} * 60 * (1000000 + c * 1000), ${hours} * 3774873600, 2097152, ${hours} * 30720, ${hours} * 245760, ${hours} * 3600000],
              array_fill(${hours * 3_600_000}::bigint, ARRAY[6]),
              '{0,0,0,0,0,0}', '{0,0,0,0,0,0}'
       FROM generate_series(0::bigint, ${tenants * containers - 1}) c, generate_series(0, ${count - 1}) n,
            LATERAL (SELECT '${start}'::timestamptz + n * interval '1 ${step}' AS at) moment`,
      [hostId],
    );
  }
}

const msecOf = async (work: () => Promise<unknown>): Promise<number> => {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
};
const p95 = (values: readonly number[]): number => values.toSorted((one, other) => one - other)[Math.floor(values.length * 0.95)] ?? NaN;

/** What one tenant used in a month, out of 20 million stored minutes: from rollups, and from the minutes themselves. */
export async function run(): Promise<BenchResult> {
  // What is generated can be generated again: a crash may cost it.
  const settings = {
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    max_wal_size: '16GB',
    maintenance_work_mem: '256MB',
  };
  await using server = await startPostgres(settings);
  await using db = await freshDatabase(server);
  const hostId = randomUUID();
  const tenantId = 'tenant-0';
  const generateMsec = await msecOf(() => generate(db, hostId));
  const fillMsec = await msecOf(() => fillUp(db, hostId));
  await db.owner.query(
    `INSERT INTO usage_dirty (host_id, tenant_id, hour)
     SELECT $1, $2, '${start}'::timestamptz + n * interval '1 hour' FROM generate_series(0, ${rolledHours - 1}) n`,
    [hostId, tenantId],
  );
  await db.owner.query('ANALYZE');
  const tables = async (): Promise<string> =>
    JSON.stringify(
      (await db.owner.query(`SELECT h::text FROM usage_hour h WHERE tenant_id = $1 ORDER BY 1`, [tenantId])).rows.concat(
        (await db.owner.query(`SELECT d::text FROM usage_day d WHERE tenant_id = $1 ORDER BY 1`, [tenantId])).rows,
      ),
    );
  const filled = await tables();
  let rolled = 0;
  const rollMsec = await msecOf(async () => {
    for (let finished = false; !finished; ) {
      const step = await rollUpUsage(db.collector, hostId, new Date(end));
      rolled += step.rows;
      ({ finished } = step);
    }
  });

  const [whole, shifted] = [[], []] as [number[], number[]];
  let failures = 0;
  for (let attempt = 0; attempt < runs; attempt += 1) {
    whole.push(await msecOf(() => reportUsage(db.web, [tenantId], { tenantId, start, end })));
    shifted.push(await msecOf(() => reportUsage(db.web, [tenantId], { tenantId, ...elsewhere })));
  }
  if ((await tables()) !== filled) failures += 1;
  const report = await reportUsage(db.web, [tenantId], { tenantId, start, end });
  const cpu = report.filter(({ meter }) => meter === 'cpu-used').reduce((sum, { quantity }) => sum + BigInt(quantity), 0n);
  const expected = Array.from({ length: containers }, (_, index) => BigInt(usecPerMinute(index * tenants)) * BigInt(minutes));
  if (cpu !== expected.reduce((sum, usec) => sum + usec, 0n)) failures += 1;
  const counted = await db.owner.query('SELECT count(*)::int AS count FROM reading_minute');
  if (counted.rows[0].count !== records) failures += 1;
  // The peer: the same sums over the minutes, as they would be without rollups.
  const peer = await msecOf(() =>
    db.owner.query(
      `SELECT container_id, sum(cpu), sum(memory), sum(io) FROM (
         SELECT container_id, cpu_usage_usec - lag(cpu_usage_usec, 1, 0) OVER life AS cpu,
                memory_byte_seconds - lag(memory_byte_seconds, 1, 0) OVER life AS memory, io_read_bytes - lag(io_read_bytes, 1, 0) OVER life AS io
         FROM reading_minute WHERE tenant_id = $1 AND at > '${start}' AND at <= '${end}'
         WINDOW life AS (PARTITION BY host_id, boot_id, cgroup_ino ORDER BY boottime_msec)) steps GROUP BY 1`,
      [tenantId],
    ),
  );
  let rows: readonly unknown[] = [];
  const hourly = await msecOf(async () => {
    rows = await usageRowsOf(db.web, [tenantId], { tenantId, start, end });
  });
  const ours = p95([...whole, ...shifted]);
  return {
    name: `one tenant's month of ${containers} containers out of ${records.toLocaleString('en')} minutes (p95; goal ${goalMsec} ms)`,
    unit: 'ms',
    ours,
    peer,
    ratio: ours / goalMsec,
    goal: { atMost: 1 },
    failures,
    notes: [
      `a calendar month of UTC: median ${median(whole).toFixed(1)} ms, p95 ${p95(whole).toFixed(1)} ms; of another zone: median ${median(shifted).toFixed(1)} ms, p95 ${p95(shifted).toFixed(1)} ms`,
      `its ${rows.length.toLocaleString('en')} rows of hours, one by one as an invoice takes them: ${hourly.toFixed(0)} ms`,
      `${records.toLocaleString('en')} minutes made in ${(generateMsec / 1000).toFixed(0)} s, rows of all tenants in ${(fillMsec / 1000).toFixed(0)} s`,
      `${rolledHours} hours made again by the rollup, the same to the byte: ${rolled.toLocaleString('en')} rows out of ` +
        `${(containers * rolledHours * 60).toLocaleString('en')} minutes in ${(rollMsec / 1000).toFixed(1)} s (${Math.round((containers * rolledHours * 60_000) / rollMsec).toLocaleString('en')} a second)`,
    ],
  };
}
