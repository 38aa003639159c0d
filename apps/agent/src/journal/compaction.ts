import type { JournalEntry, JournalRecord } from '@bulkhead/model';
import type { EntryStore } from './entry-store.ts';

/** Entries looked at in one step: a few milliseconds. */
const stepEntries = 500;
/** Below this part of the limit it stops. */
const enough = 0.9;
const hourMsec = 3_600_000;

/** Whose cumulative counters a record tells, where a later one tells all that it does. */
function lifeOf(record: JournalRecord): string | undefined {
  if (record.kind === 'cgroup-sums') return record.bootId;
  if ((record.kind !== 'reading' && record.kind !== 'cgroup-reading') || record.final) return undefined;
  return `${record.incarnation.bootId} ${record.incarnation.cgroupIno}`;
}

/**
 * Bounds a journal that nobody collects: of old entries, transcripts and charts of cgroups go, and of readings and sums all but the last of an hour.
 * Counters are cumulative, so no use is lost; last readings, containers and events stay.
 */
export class Compaction {
  readonly #store: EntryStore;
  readonly #limitBytes: number;
  /** Up to here detail has been given up. Begins anew with the process: what has none left is passed quickly. */
  #afterSeq = 0;
  /** The reading of each incarnation and hour that stands for it so far. */
  #hours = new Map<string, number>();
  #active = false;

  constructor(store: EntryStore, limitBytes: number) {
    this.#store = store;
    this.#limitBytes = limitBytes;
  }

  get overflowing(): boolean {
    return this.#active;
  }

  /** @param upTo entries beyond are left as they are */
  step(upTo: number): void {
    const sizeBytes = this.#store.sizeBytes;
    if (!this.#active && sizeBytes <= this.#limitBytes) return;
    this.#active = sizeBytes > this.#limitBytes * enough;
    if (!this.#active) return;
    const entries = this.#store.read(this.#afterSeq, upTo, stepEntries);
    if (entries.length === 0) return;
    const changes = entries.map((entry) => this.#revise(entry)).filter((change) => change !== undefined);
    if (changes.length > 0) this.#store.revise(changes);
    this.#afterSeq = entries.at(-1)?.seq ?? this.#afterSeq;
  }

  #revise({ seq, record }: JournalEntry): { seq: number; record: JournalRecord | undefined } | undefined {
    if (record.kind === 'event' && record.event.transcript !== undefined) {
      const { transcript: _, ...event } = record.event;
      return { seq, record: { kind: 'event', event } };
    }
    // Charts of cgroups bill nobody.
    if (record.kind === 'cgroup-minutes') return { seq, record: undefined };
    const life = lifeOf(record);
    if (life === undefined || !('boottimeMsec' in record)) return undefined;
    const key = `${life} ${Math.floor(Number(record.boottimeMsec) / hourMsec)}`;
    const before = this.#hours.get(key);
    this.#hours.set(key, seq);
    if (this.#hours.size > 20_000) this.#hours = new Map([...this.#hours].slice(10_000));
    return before === undefined ? undefined : { seq: before, record: undefined };
  }
}
