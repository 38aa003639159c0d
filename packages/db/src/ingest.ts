import { createHash } from 'node:crypto';
import {
  type CgroupMinutes,
  type CgroupSums,
  type Container,
  type HostEvent,
  type HostId,
  type JournalEntry,
  type JournalRecord,
  type PostMortem,
  Problem,
  type ReadingRecord,
  type Timestamp,
} from '@bulkhead/model';
import { KnownCgroups, writeCgroupMinutes } from './cgroup-ingest.ts';
import { writeCgroupSums } from './cgroup-sums.ts';
import { type Database, inScope, isUniqueViolation, type Transaction } from './database.ts';
import { toGroupRecord } from './group-record.ts';
import { insertIncarnations, toIncarnationRows, updateIncarnations } from './incarnation-row.ts';
import { keepGaps, momentOf } from './journal-gap.ts';
import { toJsonText } from './json-text.ts';
import { Marks, markNeighbours, storeMarks } from './ledger-mark.ts';
import { writePostMortems } from './post-mortem.ts';
import { insertReadings, mergeReadings, type ReadingRows, selectConflicts, toReadingRows, toSignedIno } from './reading-row.ts';
import { KnownIncarnations } from './steadiness.ts';

/** Entries of one host's journal, in order, that come right after the cursor. */
export interface JournalPage {
  hostId: HostId;
  /** The cursor they were asked for with. */
  after: number;
  entries: readonly JournalEntry[];
}

export interface IngestResult {
  /** False where the cursor had moved meanwhile: nothing was written. */
  applied: boolean;
  /** The cursor now. */
  seq: number;
  /** Readings that were new. */
  readings: number;
  /** Readings that were there with another payload. */
  conflicts: number;
  /** Sequence numbers that this page leaps over. */
  missing: number;
}

/** Channel of LISTEN and NOTIFY; the payload is `{"hostId", "seq"}`. */
export const journalChannel = 'bulkhead_journal';

interface ContainerRecord {
  container: Container;
  deleted: boolean;
}

/** The host a record speaks for, where it says so. */
function hostOf(record: JournalRecord): HostId | undefined {
  switch (record.kind) {
    case 'reading':
      return record.incarnation.hostId;
    case 'event':
      return record.event.hostId;
    case 'cgroup-reading':
      return record.incarnation.hostId;
    case 'cgroup-minutes':
    case 'cgroup-sums':
    case 'post-mortem':
      return record.hostId;
    case 'container':
      return undefined;
  }
}

function sort(page: JournalPage) {
  const readings: ReadingRecord[] = [];
  const events: HostEvent[] = [];
  const minutes: CgroupMinutes[] = [];
  const sums: CgroupSums[] = [];
  // Of several cards of one container the last one stands.
  const cards = new Map<string, PostMortem>();
  // The last state of each container in the page is the one that stands.
  const containers = new Map<string, ContainerRecord>();
  let seq = page.after;
  let missing = 0;
  let toldUntil: Timestamp | undefined;
  for (const { seq: next, record } of page.entries) {
    if (next <= seq) throw new Problem('invalid', `journal of host ${page.hostId} is out of order: ${next} after ${seq}`);
    missing += next - seq - 1;
    seq = next;
    const told = momentOf(record);
    // A minute of charts bears the time at which it began.
    if (told !== undefined && (toldUntil === undefined || told > toldUntil)) toldUntil = told;
    const reported = hostOf(record) ?? page.hostId;
    if (reported !== page.hostId) throw new Problem('invalid', `journal of host ${page.hostId} speaks for host ${reported} at ${next}`);
    switch (record.kind) {
      case 'reading':
        readings.push(record);
        break;
      case 'cgroup-reading':
        readings.push(toGroupRecord(record));
        break;
      case 'cgroup-minutes':
        minutes.push(record);
        break;
      case 'cgroup-sums':
        sums.push(record);
        break;
      case 'post-mortem':
        cards.set(record.card.containerId, record.card);
        break;
      case 'event':
        events.push(record.event);
        break;
      case 'container':
        containers.set(record.container.id, record);
        break;
    }
  }
  return { readings, events, minutes, sums, cards: [...cards.values()], containers: [...containers.values()], seq, missing, toldUntil };
}

/**
 * Moves the cursor from `after` to `seq` and locks it until the transaction ends; listeners hear of it at the commit.
 * False where it stands elsewhere.
 */
async function moveCursor(
  transaction: Transaction,
  move: { hostId: HostId; after: number; seq: number; missing: number },
): Promise<boolean> {
  const { hostId, after, seq, missing } = move;
  const moved = await transaction.$executeRaw`
    WITH moved AS (
      UPDATE journal_cursor SET seq = ${seq}, missing = missing + ${missing}, updated_at = now()
      WHERE host_id = ${hostId}::uuid AND seq = ${after} RETURNING host_id)
    SELECT pg_notify(${journalChannel}, ${JSON.stringify({ hostId, seq })}) FROM moved`;
  return moved > 0;
}

/** As moveCursor; the first page of a host makes its cursor. */
async function claimCursor(transaction: Transaction, move: Parameters<typeof moveCursor>[1]): Promise<boolean> {
  if (await moveCursor(transaction, move)) return true;
  if (move.after > 0) return false;
  await transaction.$executeRaw`INSERT INTO journal_cursor (host_id) VALUES (${move.hostId}::uuid) ON CONFLICT DO NOTHING`;
  return await moveCursor(transaction, move);
}

/** Keeps readings that came again with another payload, each payload once. */
async function keepConflicts(transaction: Transaction, records: readonly ReadingRecord[], rows: ReadingRows): Promise<number> {
  const conflicts = await transaction.$queryRaw<{ position: number }[]>(selectConflicts(rows));
  if (conflicts.length === 0) return 0;
  const kept = conflicts.map(({ position }) => {
    const record = records[position] as ReadingRecord;
    const payload = JSON.stringify(record);
    const { hostId, bootId, cgroupIno } = record.incarnation;
    const payloadSha256 = createHash('sha256').update(payload).digest('hex');
    return [hostId, bootId, toSignedIno(cgroupIno), record.boottimeMsec, payloadSha256, record.tenantId, record];
  });
  return await transaction.$executeRaw`
    INSERT INTO reading_conflict (host_id, boot_id, cgroup_ino, boottime_msec, payload_sha256, tenant_id, payload)
    SELECT (r ->> 0)::uuid, (r ->> 1)::uuid, (r ->> 2)::bigint, (r ->> 3)::bigint, r ->> 4, r ->> 5, r -> 6
    FROM jsonb_array_elements(${toJsonText(kept)}::jsonb) r ON CONFLICT DO NOTHING`;
}

interface Written {
  readings: number;
  conflicts: number;
}

/** `new`: every reading is, as always when the cursor held; `again`: some may be there, and are compared. */
type Expectation = 'new' | 'again';

interface Readings {
  hostId: HostId;
  records: readonly ReadingRecord[];
  /** Those records that the incarnations must be told of. */
  remarkable: readonly ReadingRecord[];
}

async function writeReadings(
  transaction: Transaction,
  { hostId, records, remarkable }: Readings,
  expectation: Expectation,
): Promise<Written> {
  if (remarkable.length > 0) {
    const incarnations = toIncarnationRows(remarkable);
    await transaction.$executeRaw(insertIncarnations(incarnations));
    await transaction.$executeRaw(updateIncarnations(incarnations));
  }
  if (records.length === 0) return { readings: 0, conflicts: 0 };
  const rows = toReadingRows(hostId, records);
  if (expectation === 'new') return { readings: await transaction.$executeRaw(insertReadings(rows)), conflicts: 0 };
  const readings = await transaction.$executeRaw(mergeReadings(rows));
  return { readings, conflicts: readings === records.length ? 0 : await keepConflicts(transaction, records, rows) };
}

async function writeContainers(transaction: Transaction, hostId: HostId, records: readonly ContainerRecord[]): Promise<void> {
  const rows = toJsonText(records.map(({ container, deleted }) => ({ ...container, deleted })));
  await transaction.$executeRaw`
    INSERT INTO container (host_id, id, tenant_id, name, image, args, status, pid, exit_status, oom_killed, created_at, started_at,
                           finished_at, limits, terminal, deleted)
    SELECT ${hostId}::uuid, r ->> 'id', r ->> 'tenantId', r ->> 'name', r ->> 'image',
           ARRAY(SELECT jsonb_array_elements_text(r -> 'args')), r ->> 'status', (r ->> 'pid')::int, r -> 'exitStatus',
           (r ->> 'oomKilled')::boolean, (r ->> 'createdAt')::timestamptz, (r ->> 'startedAt')::timestamptz,
           (r ->> 'finishedAt')::timestamptz, r -> 'limits', (r ->> 'terminal')::boolean, (r ->> 'deleted')::boolean
    FROM jsonb_array_elements(${rows}::jsonb) r
    ON CONFLICT (host_id, id) DO UPDATE SET
      tenant_id = excluded.tenant_id, name = excluded.name, image = excluded.image, args = excluded.args, status = excluded.status,
      pid = excluded.pid, exit_status = excluded.exit_status, oom_killed = excluded.oom_killed, created_at = excluded.created_at,
      started_at = excluded.started_at, finished_at = excluded.finished_at, limits = excluded.limits, terminal = excluded.terminal,
      deleted = excluded.deleted`;
}

async function writeEvents(transaction: Transaction, events: readonly HostEvent[]): Promise<void> {
  await transaction.$executeRaw`
    INSERT INTO event (host_id, id, tenant_id, at, kind, container_id, container_name, cgroup_key, cgroup_path, subject, detail, transcript)
    SELECT (r ->> 'hostId')::uuid, (r ->> 'id')::uuid, r ->> 'tenantId', (r ->> 'at')::timestamptz, r ->> 'kind', r ->> 'containerId',
           r ->> 'containerName', substr(sha256(convert_to(r ->> 'cgroupPath', 'UTF8')), 1, 16), r ->> 'cgroupPath', r -> 'subject',
           r -> 'detail', r -> 'transcript'
    FROM jsonb_array_elements(${toJsonText(events)}::jsonb) r ON CONFLICT DO NOTHING`;
}

/**
 * Writes a page and moves the cursor over it in one transaction, so that neither can be without the other. A reading,
 * event or state of a container that is there already changes nothing. Throws Problem `invalid` for a page that speaks
 * for another host or runs backwards, `unavailable` where the database is away.
 */
export async function ingest(
  database: Database,
  page: JournalPage,
  known = new KnownIncarnations(),
  cgroups = new KnownCgroups(),
): Promise<IngestResult> {
  const { hostId, after } = page;
  const { readings, events, minutes, sums, cards, containers, seq, missing, toldUntil } = sort(page);
  const marks = new Marks();
  const remarkable = known.remarkable(hostId, { after, records: readings, marks });
  // Those of the other readings came with the incarnation's first one.
  const tenants = new Set(
    [...remarkable, ...events, ...cards, ...containers.map(({ container }) => container)]
      .map(({ tenantId }) => tenantId)
      .filter((id) => id !== undefined && id !== ''),
  );
  const write = async (transaction: Transaction, expectation: Expectation): Promise<IngestResult> => {
    if (!(await claimCursor(transaction, { hostId, after, seq, missing }))) {
      const cursor = await transaction.journalCursor.findUniqueOrThrow({ where: { hostId } });
      return { applied: false, seq: Number(cursor.seq), readings: 0, conflicts: 0, missing: 0 };
    }
    if (tenants.size > 0)
      await transaction.$executeRaw`INSERT INTO tenant (id) SELECT unnest(${[...tenants]}::text[]) ON CONFLICT DO NOTHING`;
    if (missing > 0) await keepGaps(transaction, page);
    if (toldUntil !== undefined)
      await transaction.$executeRaw`UPDATE journal_cursor SET told_until = ${toldUntil}::timestamptz WHERE host_id = ${hostId}::uuid`;
    const written = await writeReadings(transaction, { hostId, records: readings, remarkable }, expectation);
    await markNeighbours(transaction, { hostId, records: remarkable, marks });
    if (sums.length > 0) await writeCgroupSums(transaction, { hostId, sums, marks });
    await storeMarks(transaction, hostId, marks);
    if (containers.length > 0) await writeContainers(transaction, hostId, containers);
    if (events.length > 0) await writeEvents(transaction, events);
    if (cards.length > 0) await writePostMortems(transaction, hostId, cards);
    if (minutes.length > 0) await writeCgroupMinutes(transaction, hostId, minutes, cgroups);
    return { applied: true, seq, ...written, missing };
  };
  const attempt = (expectation: Expectation) => inScope(database, 'all', (transaction) => write(transaction, expectation));
  const result = await attempt('new').catch((failure) => {
    // Numbers that it gave to paths went with it.
    cgroups.forget();
    if (isUniqueViolation(failure)) return attempt('again');
    throw failure;
  });
  if (result.applied) known.remember(hostId, { after, seq, records: readings });
  return result;
}
