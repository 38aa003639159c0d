'use client';
import { Modal } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslations } from 'next-intl';
import { RowsSkeleton } from '../../components/rows-skeleton.tsx';
import { ClockTime } from '../../components/time.tsx';
import { TroubleNotice } from '../../components/trouble-notice.tsx';
import { troubleOf, useTRPC } from '../../lib/api.ts';
import { eventWords } from './event-words.ts';
import css from './events.module.css';
import { TranscriptView } from './transcript-view.tsx';
import type { ListedEvent } from './use-events.ts';

/** One event with all its facts and what was done to the host. */
export function EventDialog({ event, close }: { event: ListedEvent; close(): void }) {
  const t = useTranslations('events');
  const w = useTranslations('eventKind');
  const trpc = useTRPC();
  const { data, error, refetch } = useQuery({ ...trpc.event.inspect.queryOptions({ id: event.id }), enabled: event.hasTranscript });
  return (
    <Modal opened onClose={close} size="xl" title={w(eventWords[event.kind])} closeButtonProps={{ 'aria-label': t('close') }}>
      <dl className={css.facts}>
        <dt>{t('column.time')}</dt>
        <dd>
          <ClockTime at={event.at} />
        </dd>
        {event.containerName && (
          <>
            <dt>{t('column.container')}</dt>
            <dd>{event.containerName}</dd>
          </>
        )}
        {event.cgroupPath && (
          <>
            <dt>cgroup</dt>
            <dd>
              <code>{event.cgroupPath}</code>
            </dd>
          </>
        )}
        {event.tenantId && (
          <>
            <dt>{t('column.tenant')}</dt>
            <dd>{event.tenantId}</dd>
          </>
        )}
        {event.subject && (
          <>
            <dt>{t('column.who')}</dt>
            <dd>{event.subject.name}</dd>
          </>
        )}
        {Object.entries(event.detail).map(([name, value]) => (
          <div key={name} style={{ display: 'contents' }}>
            <dt>{name}</dt>
            <dd>{String(value)}</dd>
          </div>
        ))}
        <dt>{t('id')}</dt>
        <dd>
          <code>{event.id}</code>
        </dd>
      </dl>
      {error ? (
        <TroubleNotice trouble={troubleOf(error)} retry={() => void refetch()} />
      ) : data?.transcript ? (
        <TranscriptView transcript={data.transcript} />
      ) : event.hasTranscript ? (
        <RowsSkeleton rows={4} height={28} />
      ) : (
        <p>{t('noTranscript')}</p>
      )}
    </Modal>
  );
}
