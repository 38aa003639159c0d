import type { RecordedTranscript } from '@bulkhead/container';
import type { Container, ContainerId, EventKind, HostEvent, HostId, Subject } from '@bulkhead/model';
import type { Journal } from '../journal/journal.ts';
import { Broadcast } from '../stream/broadcast.ts';
import { uuid7 } from './uuid.ts';

/** Events that wait for a slow client before it is cut off. */
const waitingEvents = 1000;

export interface EventFacts {
  container?: Pick<Container, 'name' | 'tenantId'> & { id?: ContainerId };
  subject?: Subject | undefined;
  detail?: HostEvent['detail'];
  transcript?: RecordedTranscript | undefined;
}

/** Everything that happens, into the journal and to whoever watches. */
export class EventLog {
  readonly live = new Broadcast<HostEvent>(waitingEvents);
  readonly #hostId: HostId;
  readonly #journal: Pick<Journal, 'note'>;

  constructor(hostId: HostId, journal: Pick<Journal, 'note'>) {
    this.#hostId = hostId;
    this.#journal = journal;
  }

  /** Tells of it at once, and resolves when the death of this process would not lose it. */
  async record(kind: EventKind, { container, subject, detail = {}, transcript }: EventFacts = {}): Promise<void> {
    const event: HostEvent = {
      id: uuid7(),
      hostId: this.#hostId,
      at: new Date().toISOString(),
      kind,
      ...(container === undefined ? {} : { tenantId: container.tenantId, containerName: container.name }),
      ...(container?.id === undefined ? {} : { containerId: container.id }),
      ...(subject === undefined ? {} : { subject }),
      detail,
    };
    this.live.publish(transcript === undefined ? event : withTranscript(event, transcript));
    const record = { kind: 'event' as const, event, ...(transcript === undefined ? {} : { transcript: transcript.kept }) };
    // Where the journal is closed already the agent is ending; who watches has been told all the same.
    await this.#journal.note([record]).catch(() => undefined);
  }
}

/** The event with its transcript, which is made readable only where somebody watches. */
const withTranscript = (event: HostEvent, transcript: RecordedTranscript): HostEvent =>
  Object.defineProperty({ ...event }, 'transcript', { enumerable: true, get: () => transcript.read() });
