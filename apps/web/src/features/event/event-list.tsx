'use client';
import { IconListDetails } from '@tabler/icons-react';
import { useTranslations } from 'next-intl';
import { Link } from '../../components/link.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import table from '../../components/table.module.css';
import { TableScroll } from '../../components/table-scroll.tsx';
import { ClockTime } from '../../components/time.tsx';
import { cgroupHref } from '../cgroup/cgroups-url.ts';
import { eventState, eventWords } from './event-words.ts';
import css from './events.module.css';
import { useEventDetail } from './use-event-detail.ts';
import type { ListedEvent } from './use-events.ts';

interface Props {
  events: readonly ListedEvent[];
  isFresh(id: string): boolean;
  /** Leaves out what the page around says already. */
  compact?: boolean;
  /** Columns that the reader does without. */
  hidden?: ReadonlySet<string>;
  open(event: ListedEvent): void;
}

const nothing: ReadonlySet<string> = new Set();

export function EventList({ events, isFresh, compact = false, hidden = nothing, open }: Props) {
  const t = useTranslations('events');
  const w = useTranslations('eventKind');
  const detailText = useEventDetail();
  return (
    <TableScroll label={t('title')}>
      <table className={`${table.table} ${css.table}`} data-compact={compact}>
        <thead>
          <tr>
            <th scope="col">{t('column.time')}</th>
            <th scope="col">{t('column.what')}</th>
            {!compact && !hidden.has('container') && <th scope="col">{t('column.container')}</th>}
            {!compact && !hidden.has('tenant') && (
              <th scope="col" className={css.tenant}>
                {t('column.tenant')}
              </th>
            )}
            {!hidden.has('who') && (
              <th scope="col" className={css.who}>
                {t('column.who')}
              </th>
            )}
            {!hidden.has('detail') && (
              <th scope="col" className={css.detail}>
                {t('column.detail')}
              </th>
            )}
            <th scope="col">
              <span className="visually-hidden">{t('column.transcript')}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {events.map((event) => (
            <tr key={event.id} className={css.row} data-fresh={isFresh(event.id)} data-kind={event.kind}>
              <td className={table.nowrap}>
                <ClockTime at={event.at} />
              </td>
              <td className={table.nowrap}>
                <StateMark state={eventState(event.kind)}>{w(eventWords[event.kind])}</StateMark>
              </td>
              {!compact && !hidden.has('container') && (
                <td className={css.container}>
                  {event.containerId ? (
                    <Link className={table.link} href={`/containers/${event.containerId}`}>
                      {event.containerName ?? event.containerId}
                    </Link>
                  ) : (
                    event.cgroupPath && (
                      <Link className={table.link} href={cgroupHref(event.cgroupPath)} title={event.cgroupPath}>
                        {event.cgroupPath}
                      </Link>
                    )
                  )}
                </td>
              )}
              {!compact && !hidden.has('tenant') && <td className={css.tenant}>{event.tenantId}</td>}
              {!hidden.has('who') && <td className={css.who}>{event.subject?.name ?? ''}</td>}
              {!hidden.has('detail') && (
                <td className={css.detail} title={detailText(event)}>
                  {detailText(event)}
                </td>
              )}
              <td className={css.open}>
                <button type="button" className={css.openButton} onClick={() => open(event)}>
                  <IconListDetails size={16} aria-hidden="true" />
                  <span className={css.openWord}>{event.hasTranscript ? t('transcript') : t('details')}</span>
                  <span className="visually-hidden">{t('of', { kind: w(eventWords[event.kind]), name: event.containerName ?? '' })}</span>
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  );
}
