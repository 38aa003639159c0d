'use client';
import type { LabCheck, LabKind, LabOutcome } from '@bulkhead/model';
import { useTranslations } from 'next-intl';
import { Link } from '../../components/link.tsx';
import { Measure, NotMeasured } from '../../components/measure.tsx';
import { Section } from '../../components/page-head.tsx';
import { RowsSkeleton } from '../../components/rows-skeleton.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import table from '../../components/table.module.css';
import { TableScroll } from '../../components/table-scroll.tsx';
import { ClockTime } from '../../components/time.tsx';
import { type ListedEvent, useEvents } from '../event/use-events.ts';
import css from './labs.module.css';
import { outcomeState } from './outcome.ts';
import { useLabFormat } from './use-lab-format.ts';

const shownRuns = 20;

/** What an event tells of a run (apps/agent, `detailOf`). */
type Detail = Partial<Omit<LabCheck, 'key' | 'passed'>> & { lab: LabKind; outcome: LabOutcome };

function Row({ event }: { event: ListedEvent }) {
  const t = useTranslations('labs');
  const format = useLabFormat();
  // The agent writes it, and the agent alone.
  const { lab, outcome, unit, is, expected, tolerance, measured } = event.detail as Detail;
  return (
    <tr data-run={event.detail.run}>
      <td className={table.nowrap}>
        <ClockTime at={event.at} />
      </td>
      <td className={table.nowrap}>{t(`kind.${lab}`)}</td>
      <td className={table.nowrap}>
        <StateMark state={outcomeState[outcome]}>{t(`outcome.${outcome}`)}</StateMark>
      </td>
      <td className={`${table.number} ${css.spare}`}>
        {unit !== undefined && is !== undefined && expected !== undefined && tolerance !== undefined
          ? format.expectation({ unit, is, expected, tolerance })
          : '–'}
      </td>
      <td className={table.number}>
        {unit !== undefined && measured !== undefined ? (
          <Measure quantity={format.quantity(unit, measured)} />
        ) : (
          <NotMeasured reason={t('notMeasured')} />
        )}
      </td>
      <td className={css.spare}>{event.subject?.name ?? '–'}</td>
      <td>
        <Link className={table.link} href={`/events?event=${event.id}`}>
          {t('history.open')}
        </Link>
      </td>
    </tr>
  );
}

/** The last runs of all labs, whoever asked for them and from where. */
export function LabHistory() {
  const t = useTranslations('labs');
  const { events } = useEvents({ kind: 'lab.ended' });
  const known = events?.filter(({ detail }) => detail.lab !== undefined && detail.outcome !== undefined).slice(0, shownRuns);
  return (
    <Section title={t('history.title')}>
      {known === undefined ? (
        <RowsSkeleton rows={3} height={32} />
      ) : known.length === 0 ? (
        <p className={css.faint}>{t.rich('history.empty', { code: (text) => <code>{text}</code> })}</p>
      ) : (
        <TableScroll label={t('history.title')}>
          <table className={table.table}>
            <thead>
              <tr>
                <th scope="col">{t('history.time')}</th>
                <th scope="col">{t('history.lab')}</th>
                <th scope="col">{t('history.outcome')}</th>
                <th scope="col" className={`${table.number} ${css.spare}`}>
                  {t('history.expected')}
                </th>
                <th scope="col" className={table.number}>
                  {t('history.measured')}
                </th>
                <th scope="col" className={css.spare}>
                  {t('history.who')}
                </th>
                <th scope="col">
                  <span className="visually-hidden">{t('history.open')}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {known.map((event) => (
                <Row key={event.id} event={event} />
              ))}
            </tbody>
          </table>
        </TableScroll>
      )}
    </Section>
  );
}
