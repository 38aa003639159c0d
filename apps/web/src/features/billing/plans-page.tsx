'use client';
import type { MeterPrice, PlanSummary, PlanVersion } from '@bulkhead/model';
import { useQueries, useQuery } from '@tanstack/react-query';
import { useLocale, useTranslations } from 'next-intl';
import { Empty } from '../../components/empty.tsx';
import { PageHead, Section } from '../../components/page-head.tsx';
import { RowsSkeleton } from '../../components/rows-skeleton.tsx';
import table from '../../components/table.module.css';
import { TableScroll } from '../../components/table-scroll.tsx';
import { TroubleNotice } from '../../components/trouble-notice.tsx';
import { troubleOf, useTRPC } from '../../lib/api.ts';
import css from './billing.module.css';
import { formatDecimal } from './figures.ts';
import { WorkedExample } from './worked-example.tsx';

function usePriceWords() {
  const t = useTranslations('billing');
  const locale = useLocale();
  const number = (text: string): string => (text === 'max' ? '∞' : formatDecimal(locale, text));
  return ({ meter, price }: MeterPrice): string => {
    const unit = t(`unit.${meter}`);
    switch (price.model) {
      case 'per-unit':
        return t('price.perUnit', { price: number(price.unitPrice), unit });
      case 'package':
        return t('price.package', { price: number(price.packagePrice), size: number(price.size), unit });
      case 'graduated':
      case 'volume':
        return `${t(`price.${price.model}`, { unit })} ${price.tiers
          .map(({ upTo, unitPrice }) => t('price.tier', { price: number(unitPrice), upTo: number(upTo) }))
          .join(', ')}`;
    }
  };
}

function Version({ version }: { version: PlanVersion }) {
  const t = useTranslations('billing');
  const locale = useLocale();
  const words = usePriceWords();
  const money = (amount: string) => `${formatDecimal(locale, amount)} ${version.currency}`;
  return (
    <TableScroll label={t('planVersion', { plan: version.planId, version: version.version })}>
      <table className={table.table}>
        <thead>
          <tr>
            <th scope="col">{t('versionFrom', { version: version.version, at: version.effectiveFrom.slice(0, 19).replace('T', ' ') })}</th>
            <th scope="col">{t('priceIn', { currency: version.currency })}</th>
          </tr>
        </thead>
        <tbody>
          {version.prices.map((price) => (
            <tr key={price.meter}>
              <th scope="row">{t(`meter.${price.meter}`)}</th>
              <td>
                {words(price)}
                {price.included && (
                  <span className={css.below}>{t('included', { quantity: formatDecimal(locale, price.included.quantity) })}</span>
                )}
                {price.minimum && <span className={css.below}>{t('atLeast', { amount: money(price.minimum.amount) })}</span>}
                {price.cap && <span className={css.below}>{t('atMost', { amount: money(price.cap.amount) })}</span>}
              </td>
            </tr>
          ))}
          {version.fees.map((fee) => (
            <tr key={fee.id}>
              <th scope="row">{fee.name}</th>
              <td>
                {t('feeAMonth', { amount: money(fee.amount) })}
                <span className={css.below}>{t(`proration.${fee.proration}`)}</span>
              </td>
            </tr>
          ))}
          {(['minimum', 'cap'] as const).map((bound) => {
            const found = version[bound];
            return (
              found && (
                <tr key={bound}>
                  <th scope="row">{t(`whole.${bound}`)}</th>
                  <td>{money(found.amount)}</td>
                </tr>
              )
            );
          })}
        </tbody>
      </table>
    </TableScroll>
  );
}

function Plan({
  plan,
  versions,
  administrator,
}: {
  plan: PlanSummary;
  versions: readonly PlanVersion[] | undefined;
  administrator: boolean;
}) {
  const t = useTranslations('billing');
  const current = versions?.find(({ version }) => version === plan.inForce) ?? versions?.at(-1);
  return (
    <Section title={`${plan.name} (${plan.planId})`} aside={t('tenantsOn', { count: plan.tenants })}>
      {versions === undefined ? (
        <RowsSkeleton height={33} />
      ) : (
        versions.toReversed().map((version) => <Version key={version.version} version={version} />)
      )}
      {administrator && current && <WorkedExample version={current} />}
    </Section>
  );
}

/** Price plans with every version; versions in force never change. */
export function PlansPage({ administrator }: { administrator: boolean }) {
  const t = useTranslations('billing');
  const trpc = useTRPC();
  const { data, error, refetch } = useQuery(trpc.plan.list.queryOptions({}));
  const details = useQueries({ queries: (data ?? []).map(({ planId }) => trpc.plan.inspect.queryOptions({ planId })) });
  return (
    <>
      <PageHead title={t('plans.title')} lead={t('plans.lead')} />
      {error && <TroubleNotice trouble={troubleOf(error)} retry={() => void refetch()} />}
      {data === undefined ? (
        !error && <RowsSkeleton height={33} />
      ) : data.length === 0 ? (
        <Empty title={t('plans.empty')} command="./bulkhead plan create FILE">
          {t('plans.emptyWhat')}
        </Empty>
      ) : (
        data.map((plan, index) => <Plan key={plan.planId} plan={plan} versions={details[index]?.data} administrator={administrator} />)
      )}
    </>
  );
}
