import type { RecordedTranscript } from '@bulkhead/container';
import type { CgroupPath, Container, ContainerId, EventKind, HostEvent, HostId, Subject, TenantId } from '@bulkhead/model';
import type { Journal } from '../journal/journal.ts';
import { Broadcast } from '../stream/broadcast.ts';
import { uuid7 } from './uuid.ts';

/** Events that wait for a slow client before it is cut off. */
const waitingEvents = 1000;

export interface EventFacts {
  container?: Pick<Container, 'name' | 'tenantId'> & { id?: ContainerId };
  /** Whose it is, where it is of no container. */
  tenantId?: TenantId;
  cgroupPath?: CgroupPath;
  subject?: Subject | undefined;
  detail?: HostEvent['detail'];
  transcript?: RecordedTranscript | undefined;
}

/** Everything that happens, into the journal and to whoever watches. */
export class EventLog {
  readonly live = new Broadcast<HostEvent>(waitingEvents);
  readonly #hostId: HostId;
  readonly #journal: Pick<Journal, 'note'>;
  readonly #onEvent: (event: HostEvent) => void;

  /** @param onEvent told of each event before anybody else */
  constructor(hostId: HostId, journal: Pick<Journal, 'note'>, onEvent: (event: HostEvent) => void = () => {}) {
    this.#hostId = hostId;
    this.#journal = journal;
    this.#onEvent = onEvent;
  }

  /** Tells of it at once, and resolves when the death of this process would not lose it. */
  async record(kind: EventKind, facts: EventFacts = {}): Promise<void> {
    const { container, tenantId = container?.tenantId, cgroupPath, subject, detail = {}, transcript } = facts;
    const event: HostEvent = {
      id: uuid7(),
      hostId: this.#hostId,
      at: new Date().toISOString(),
      kind,
      ...(tenantId === undefined ? {} : { tenantId }),
      ...(container === undefined ? {} : { containerName: container.name }),
      ...(container?.id === undefined ? {} : { containerId: container.id }),
      ...(cgroupPath === undefined ? {} : { cgroupPath }),
      ...(subject === undefined ? {} : { subject }),
      detail,
    };
    this.#onEvent(event);
    this.live.publish(transcript === undefined ? event : withTranscript(event, transcript));
    const record = { kind: 'event' as const, event, ...(transcript === undefined ? {} : { transcript: transcript.kept }) };
    // Where the journal is closed already the agent is ending; who watches has been told all the same.
    await this.#journal.note([record]).catch(() => undefined);
  }
}

/** The event with its transcript, which is made readable only where somebody watches. */
const withTranscript = (event: HostEvent, transcript: RecordedTranscript): HostEvent =>
  Object.defineProperty({ ...event }, 'transcript', { enumerable: true, get: () => transcript.read() });
