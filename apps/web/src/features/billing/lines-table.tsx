'use client';
import type { InvoiceContent } from '@bulkhead/model';
import { useLocale, useTranslations } from 'next-intl';
import table from '../../components/table.module.css';
import { TableScroll } from '../../components/table-scroll.tsx';
import css from './billing.module.css';
import { formatDecimal, shortQuantity } from './figures.ts';
import { useLineWords } from './line-words.ts';

const shownTime = (at: string): string => at.slice(0, 16).replace('T', ' ');

/** Lines of an invoice: what, how much of it, at which price, how much money. */
export function LinesTable({ lines, currency }: Pick<InvoiceContent, 'lines' | 'currency'>) {
  const t = useTranslations('billing');
  const locale = useLocale();
  const { describe } = useLineWords();
  return (
    <TableScroll label={t('lines')}>
      <table className={table.table}>
        <thead>
          <tr>
            <th scope="col">{t('what')}</th>
            <th scope="col" className={table.number}>
              {t('quantity')}
            </th>
            <th scope="col" className={table.number}>
              {t('unitPrice')}
            </th>
            <th scope="col" className={table.number}>
              {t('amount', { currency })}
            </th>
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <tr key={line.key}>
              <th scope="row">
                {describe(line)}
                <span className={css.below}>
                  {[
                    ...(line.basis === undefined ? [] : [t(`basis.${line.basis}`)]),
                    ...(line.planId === undefined ? [] : [t('planVersion', { plan: line.planId, version: line.planVersion ?? 0 })]),
                    `${shownTime(line.chargePeriod.start)} – ${shownTime(line.chargePeriod.end)} UTC`,
                    ...(line.uncertain === true ? [t('uncertain')] : []),
                  ].join(' · ')}
                </span>
              </th>
              <td className={table.number} title={line.pricingQuantity}>
                {line.pricingQuantity === undefined
                  ? ''
                  : `${formatDecimal(locale, shortQuantity(line.pricingQuantity))} ${line.pricingUnit ?? ''}`}
              </td>
              <td className={table.number}>{line.unitPrice === undefined ? '' : formatDecimal(locale, line.unitPrice)}</td>
              <td className={table.number}>{formatDecimal(locale, line.amount)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  );
}
