'use client';
import type { ExampleUse, PlanVersion } from '@bulkhead/model';
import { Button, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useLocale, useTranslations } from 'next-intl';
import { type FormEvent, useState } from 'react';
import { TroubleNotice } from '../../components/trouble-notice.tsx';
import { troubleOf, useTRPC } from '../../lib/api.ts';
import css from './billing.module.css';
import { formatDecimal } from './figures.ts';
import { LinesTable } from './lines-table.tsx';

/** What a month with such quantities would cost by a version of prices. For administrators: others are refused by the call. */
export function WorkedExample({ version }: { version: PlanVersion }) {
  const t = useTranslations('billing');
  const locale = useLocale();
  const trpc = useTRPC();
  const [use, setUse] = useState<ExampleUse[]>();
  const { version: _, ...plan } = version;
  const { data, error, isFetching } = useQuery({
    ...trpc.plan.preview.queryOptions({ plan, use: use ?? [] }),
    enabled: use !== undefined,
    retry: false,
  });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setUse(
      version.prices.flatMap(({ meter }) => {
        const quantity = String(form.get(meter) ?? '').trim();
        return quantity === '' ? [] : [{ meter, quantity }];
      }),
    );
  };
  return (
    <form onSubmit={submit} aria-label={t('example.title')}>
      <div className={css.example}>
        {version.prices.map(({ meter }) => (
          <TextInput
            key={meter}
            name={meter}
            size="xs"
            inputMode="decimal"
            pattern="\d+(\.\d+)?"
            label={t('example.field', { meter: t(`meter.${meter}`), unit: t(`unit.${meter}`) })}
          />
        ))}
      </div>
      <Button type="submit" size="xs" variant="default" loading={isFetching}>
        {t('example.title')}
      </Button>
      {error && <TroubleNotice trouble={troubleOf(error)} />}
      {data && (
        <>
          <LinesTable lines={data.lines} currency={data.currency} />
          <dl className={css.sums}>
            <dt className={css.total}>{t('example.sum')}</dt>
            <dd className={css.total}>
              {formatDecimal(locale, data.subtotal)} {data.currency}
            </dd>
          </dl>
        </>
      )}
    </form>
  );
}
