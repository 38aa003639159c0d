'use client';
import { useQueries } from '@tanstack/react-query';
import { useTranslations } from 'next-intl';
import { Empty } from '../../../components/empty.tsx';
import { Section } from '../../../components/page-head.tsx';
import { RowsSkeleton } from '../../../components/rows-skeleton.tsx';
import { ClockTime } from '../../../components/time.tsx';
import { TroubleNotice } from '../../../components/trouble-notice.tsx';
import { troubleOf, useTRPC } from '../../../lib/api.ts';
import { eventWords } from '../../event/event-words.ts';
import { TranscriptView } from '../../event/transcript-view.tsx';
import { useEvents } from '../../event/use-events.ts';
import { useShown } from './container-frame.tsx';

const shownTranscripts = 10;

/** What was done to the host for this container, action by action, newest first. */
export function TranscriptTab() {
  const t = useTranslations('transcript');
  const w = useTranslations('eventKind');
  const trpc = useTRPC();
  const { container } = useShown();
  const { events, error, refetch } = useEvents({ container: container.id });
  const told = (events ?? []).filter((event) => event.hasTranscript).slice(0, shownTranscripts);
  const details = useQueries({
    queries: told.map((event) => ({ ...trpc.event.inspect.queryOptions({ id: event.id }), staleTime: Number.POSITIVE_INFINITY })),
  });
  if (error && events === undefined) return <TroubleNotice trouble={troubleOf(error)} retry={() => void refetch()} />;
  if (events === undefined) return <RowsSkeleton />;
  if (told.length === 0) return <Empty title={t('none.title')}>{t('none.what')}</Empty>;
  return (
    <>
      {told.map((event, index) => {
        const detail = details[index];
        return (
          <Section key={event.id} title={w(eventWords[event.kind])} aside={<ClockTime at={event.at} />}>
            {detail?.error ? (
              <TroubleNotice trouble={troubleOf(detail.error)} retry={() => void detail.refetch()} />
            ) : detail?.data?.transcript ? (
              <TranscriptView transcript={detail.data.transcript} />
            ) : (
              <RowsSkeleton rows={3} height={28} />
            )}
          </Section>
        );
      })}
    </>
  );
}
