import { randomUUID } from 'node:crypto';
import type { Container, HostEvent, JournalEntry, JournalRecord, PostMortem, PostMortemRecord, ReadingRecord } from '@bulkhead/model';

/** Makes records as an agent writes them, for tests and the bench. */
export const epochMsec = Date.UTC(2026, 0, 1);
export const atMinute = (minute: number): string => new Date(epochMsec + Math.round(minute * 60_000)).toISOString();

export interface ReadingFacts {
  hostId: string;
  bootId: string;
  minute: number;
  /** Which container; its cgroup's inode follows from it unless given. */
  container?: number;
  cgroupIno?: string;
  tenantId?: string;
  final?: boolean;
  /** CPU time so far; undefined: not measured. */
  cpuUsec?: number | undefined;
  memoryByteSeconds?: number;
  ioReadBytes?: number | undefined;
  /** Time of minute 0; a fixed one unless given. */
  beginMsec?: number;
}

export const containerIdOf = (container: number): string => container.toString(16).padStart(16, '0');

export function makeReading(facts: ReadingFacts): ReadingRecord {
  const { hostId, bootId, minute, container = 1, tenantId = 'acme', final = false, cpuUsec = Math.round(minute * 30_000_000) } = facts;
  const measured =
    'cpuUsec' in facts && facts.cpuUsec === undefined ? {} : { cpuUsageUsec: String(cpuUsec), cpuUsageNsec: String(cpuUsec * 1000 + 7) };
  return {
    kind: 'reading',
    incarnation: { hostId, bootId, cgroupIno: facts.cgroupIno ?? String(4_294_967_296 + container) },
    containerId: containerIdOf(container),
    containerName: `c${container}`,
    tenantId,
    at: new Date((facts.beginMsec ?? epochMsec) + Math.round(minute * 60_000)).toISOString(),
    boottimeMsec: String(5_000_000 + Math.round(minute * 60_000)),
    final,
    reading: {
      ...measured,
      cpuUserUsec: String(Math.round(minute * 20_000_000)),
      cpuSystemUsec: String(Math.round(minute * 10_000_000)),
      cpuPeriods: String(Math.round(minute * 600)),
      cpuThrottledPeriods: String(Math.round(minute * 100)),
      cpuThrottledUsec: String(Math.round(minute * 1_000_000)),
      memoryCurrentBytes: String(268_435_456 + container),
      memoryPeakBytes: '300000000',
      memoryOomKills: '0',
      ...(facts.ioReadBytes === undefined ? {} : { ioReadBytes: String(facts.ioReadBytes) }),
      ioWriteBytes: String(Math.round(minute * 8192)),
      ioReadOperations: String(Math.round(minute)),
      ioWriteOperations: String(Math.round(minute * 2)),
      pidsCurrent: '5',
    },
    accumulators: {
      memoryByteSeconds: String(facts.memoryByteSeconds ?? Math.round(268_435_456 * 60 * minute)),
      memoryLimitByteSeconds: String(Math.round(536_870_912 * 60 * minute)),
      cpuLimitMilliSeconds: String(Math.round(500 * 60 * minute)),
      measuredMsec: String(Math.round(60_000 * minute)),
      unmeasuredMsec: '0',
    },
    memoryMaxBytes: 536_870_912,
    cpuMaxMillis: 'max',
  };
}

export function makeContainer(facts: Partial<Container> & { container?: number } = {}): Container {
  const { container = 1, ...rest } = facts;
  return {
    id: containerIdOf(container),
    name: `c${container}`,
    tenantId: 'acme',
    image: 'host',
    args: ['sh', '-c', 'true'],
    status: 'running',
    pid: 4711,
    createdAt: atMinute(0),
    startedAt: atMinute(0),
    limits: { memoryMaxBytes: 536_870_912, cpuMaxMillis: 500 },
    terminal: false,
    ...rest,
  };
}

export function makePostMortem({
  hostId,
  container = 1,
  ...facts
}: Partial<PostMortem> & { hostId: string; container?: number }): PostMortemRecord {
  const id = containerIdOf(container);
  const card: PostMortem = {
    containerId: id,
    tenantId: 'acme',
    sealedAt: atMinute(10),
    exitStatus: { kind: 'signaled', signal: 9, coreDumped: false },
    cgroupPath: `/bulkhead-0aa/acme/${id}`,
    cgroupVersion: 2,
    isWhole: true,
    reading: { memoryOomKills: '1', memoryPeakBytes: '536870912' },
    victims: [{ pid: 4711, command: 'tail', limitPath: `/bulkhead-0aa/acme/${id}` }],
    limitChanges: [],
    ...facts,
  };
  return { kind: 'post-mortem', hostId, card };
}

let eventCount = 0;
export function makeEvent(facts: Partial<HostEvent> & { hostId: string }): HostEvent {
  eventCount += 1;
  // A UUIDv7 by hand: time, then a counter, so that order by id is order in time.
  const time = (epochMsec + eventCount).toString(16).padStart(12, '0');
  const id = `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${randomUUID().slice(24)}`;
  return { id, at: atMinute(0), kind: 'container.started', detail: {}, ...facts };
}

/** Numbers records as a journal does. */
export const toEntries = (records: readonly JournalRecord[], after = 0): JournalEntry[] =>
  records.map((record, index) => ({ seq: after + index + 1, record }));
