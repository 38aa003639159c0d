'use client';
import { useQuery } from '@tanstack/react-query';
import { useTranslations } from 'next-intl';
import facts from '../../components/facts.module.css';
import { Measure, NotMeasured, useFormat } from '../../components/measure.tsx';
import { Section } from '../../components/page-head.tsx';
import { RowsSkeleton } from '../../components/rows-skeleton.tsx';
import table from '../../components/table.module.css';
import { TableScroll } from '../../components/table-scroll.tsx';
import { TroubleNotice } from '../../components/trouble-notice.tsx';
import { troubleOf, useTRPC } from '../../lib/api.ts';

const refreshMsec = 30_000;
const shown = 6;

/** What is stored, how much of it, and for how long. */
export function StoragePanel() {
  const t = useTranslations('overview.storage');
  const format = useFormat();
  const trpc = useTRPC();
  const { data, error, refetch } = useQuery({ ...trpc.host.storage.queryOptions({}), refetchInterval: refreshMsec });
  if (data === undefined)
    return (
      <Section title={t('title')}>
        {error ? <TroubleNotice trouble={troubleOf(error)} retry={() => void refetch()} /> : <RowsSkeleton rows={4} height={32} />}
      </Section>
    );
  const tables = [...data.tables].sort((a, b) => Number(BigInt(b.bytes) - BigInt(a.bytes)));
  const rows = data.tables.reduce((sum, one) => sum + BigInt(one.rows), 0n);
  return (
    <Section title={t('title')} aside={t('what')}>
      <dl className={facts.list}>
        <div>
          <dt>{t('database')}</dt>
          <dd>
            <Measure quantity={format.bytes(BigInt(data.databaseBytes))} />
          </dd>
        </div>
        <div>
          <dt>{t('rows')}</dt>
          <dd>{format.integer(Number(rows))}</dd>
        </div>
        <div>
          <dt>{t('kept')}</dt>
          <dd>{t('retention', { days: data.retention.minuteDays, months: data.retention.hourMonths })}</dd>
        </div>
        <div>
          <dt>{t('journal')}</dt>
          <dd>
            {data.journalBytes === undefined ? (
              <NotMeasured reason={t('journalUnknown')} />
            ) : (
              <Measure quantity={format.bytes(BigInt(data.journalBytes))} />
            )}
          </dd>
        </div>
      </dl>
      {tables.length > 0 && (
        <TableScroll label={t('tables')}>
          <table className={table.table}>
            <thead>
              <tr>
                <th scope="col" className={table.wide}>
                  {t('table')}
                </th>
                <th scope="col" className={table.number}>
                  {t('rows')}
                </th>
                <th scope="col" className={table.number}>
                  {t('size')}
                </th>
              </tr>
            </thead>
            <tbody>
              {tables.slice(0, shown).map((one) => (
                <tr key={one.name}>
                  <th scope="row">
                    <code>{one.name}</code>
                  </th>
                  <td className={table.number}>{format.integer(Number(one.rows))}</td>
                  <td className={table.number}>
                    <Measure quantity={format.bytes(BigInt(one.bytes))} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableScroll>
      )}
    </Section>
  );
}
