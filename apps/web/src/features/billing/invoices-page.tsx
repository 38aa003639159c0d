'use client';
import type { InvoiceSummary } from '@bulkhead/model';
import { useQuery } from '@tanstack/react-query';
import { useLocale, useTranslations } from 'next-intl';
import { Empty } from '../../components/empty.tsx';
import { Link } from '../../components/link.tsx';
import { PageHead } from '../../components/page-head.tsx';
import { RowsSkeleton } from '../../components/rows-skeleton.tsx';
import { type State, StateMark } from '../../components/state-mark.tsx';
import table from '../../components/table.module.css';
import { TableScroll } from '../../components/table-scroll.tsx';
import { RelativeTime } from '../../components/time.tsx';
import { TroubleNotice } from '../../components/trouble-notice.tsx';
import { troubleOf, useTRPC } from '../../lib/api.ts';
import { formatDecimal } from './figures.ts';

const states: Record<InvoiceSummary['status'], State> = { finalised: 'attention', paid: 'good', void: 'unknown' };

export function InvoiceStatus({ status }: { status: InvoiceSummary['status'] }) {
  const t = useTranslations('billing');
  return <StateMark state={states[status]}>{t(`status.${status}`)}</StateMark>;
}

function Rows({ invoices }: { invoices: readonly InvoiceSummary[] }) {
  const t = useTranslations('billing');
  const locale = useLocale();
  return (
    <TableScroll label={t('invoices.title')}>
      <table className={table.table}>
        <thead>
          <tr>
            <th scope="col">{t('number')}</th>
            <th scope="col">{t('tenant')}</th>
            <th scope="col">{t('month')}</th>
            <th scope="col">{t('state')}</th>
            <th scope="col" className={table.spare}>
              {t('issued')}
            </th>
            <th scope="col" className={table.number}>
              {t('total')}
            </th>
          </tr>
        </thead>
        <tbody>
          {invoices.map(({ number, tenantId, kind, month, status, finalisedAt, total, currency, refersTo }) => (
            <tr key={number}>
              <th scope="row">
                <Link className={table.link} href={`/invoices/${encodeURIComponent(number)}`}>
                  {number}
                </Link>
              </th>
              <td>{tenantId}</td>
              <td className={table.nowrap}>{kind === 'invoice' ? month : t('noteOn', { number: refersTo ?? '' })}</td>
              <td>
                <InvoiceStatus status={status} />
              </td>
              <td className={table.spare}>
                <RelativeTime at={finalisedAt} />
              </td>
              <td className={table.number}>
                {formatDecimal(locale, total)} {currency}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  );
}

/** Invoices and credit notes that were issued, newest first. */
export function InvoicesPage() {
  const t = useTranslations('billing');
  const trpc = useTRPC();
  const { data, error, refetch } = useQuery(trpc.invoice.list.queryOptions({}));
  return (
    <>
      <PageHead title={t('invoices.title')} lead={t('invoices.lead')} />
      {error && <TroubleNotice trouble={troubleOf(error)} retry={() => void refetch()} />}
      {data === undefined ? (
        !error && <RowsSkeleton height={33} />
      ) : data.length === 0 ? (
        <Empty title={t('invoices.empty')} command="./bulkhead invoice finalise --tenant TENANT --month 2026-01">
          {t('invoices.emptyWhat')}
        </Empty>
      ) : (
        <Rows invoices={data} />
      )}
    </>
  );
}
