'use client';
import { Button } from '@mantine/core';
import dynamic from 'next/dynamic';
import { useSearchParams } from 'next/navigation';
import { useTranslations } from 'next-intl';
import { Empty } from '../../components/empty.tsx';
import { RowsSkeleton } from '../../components/rows-skeleton.tsx';
import { TroubleNotice } from '../../components/trouble-notice.tsx';
import { troubleOf } from '../../lib/api.ts';
import { setParameter } from '../../lib/url.ts';
import { EventList } from './event-list.tsx';
import css from './events.module.css';
import { type EventFilter, useEvents } from './use-events.ts';

const EventDialog = dynamic(() => import('./event-dialog.tsx').then((module) => module.EventDialog), { ssr: false });

/** Events of a filter, live, older ones on request, one of them opened by the address. */
export function EventsView({
  filter,
  compact = false,
  limit,
  hidden,
}: {
  filter: EventFilter;
  compact?: boolean;
  limit?: number;
  hidden?: ReadonlySet<string>;
}) {
  const t = useTranslations('events');
  const opened = useSearchParams().get('event');
  const { events, isFresh, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useEvents(filter);
  if (error && events === undefined) return <TroubleNotice trouble={troubleOf(error)} retry={() => void refetch()} />;
  if (events === undefined) return <RowsSkeleton height={33} />;
  const chosen = events.find((event) => event.id === opened);
  return (
    <>
      {events.length === 0 ? (
        <Empty title={t('empty.title')}>{t('empty.what')}</Empty>
      ) : (
        <EventList
          events={limit === undefined ? events : events.slice(0, limit)}
          isFresh={isFresh}
          compact={compact}
          {...(hidden === undefined ? {} : { hidden })}
          open={(event) => setParameter('event', event.id, 'push')}
        />
      )}
      {hasNextPage && limit === undefined && (
        <div className={css.more}>
          <Button size="xs" variant="default" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            {t('more')}
          </Button>
        </div>
      )}
      {chosen && <EventDialog event={chosen} close={() => setParameter('event', undefined, 'push')} />}
    </>
  );
}
