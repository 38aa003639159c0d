'use client';
import type { FileView, InvoiceFormat, InvoiceLanguage, IssuedInvoice } from '@bulkhead/model';
import { Button } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useLocale, useTranslations } from 'next-intl';
import facts from '../../components/facts.module.css';
import { PageHead, Section } from '../../components/page-head.tsx';
import { RowsSkeleton } from '../../components/rows-skeleton.tsx';
import { RelativeTime } from '../../components/time.tsx';
import { TroubleNotice } from '../../components/trouble-notice.tsx';
import { troubleOf, useTRPC, useTRPCClient } from '../../lib/api.ts';
import { download } from '../../lib/download.ts';
import css from './billing.module.css';
import { formatDecimal, percentOf } from './figures.ts';
import { InvoiceStatus } from './invoices-page.tsx';
import { LinesTable } from './lines-table.tsx';

function save({ name, mediaType, base64 }: FileView): void {
  download(name, mediaType, Uint8Array.fromBase64(base64));
}

type Wanted = { format: InvoiceFormat; language?: InvoiceLanguage } | 'evidence';

function Downloads({ number, kind }: { number: string; kind: IssuedInvoice['content']['kind'] }) {
  const t = useTranslations('billing');
  const client = useTRPCClient();
  const { mutate, isPending, error } = useMutation({
    mutationFn: (wanted: Wanted) =>
      wanted === 'evidence' ? client.invoice.evidence.query({ number }) : client.invoice.export.query({ number, ...wanted }),
    onSuccess: save,
  });
  const button = (name: string, wanted: Wanted) => (
    <Button
      key={name}
      size="xs"
      variant="default"
      disabled={isPending}
      onClick={() => mutate(wanted)}
      leftSection={<IconDownload size={14} aria-hidden="true" />}
    >
      {name}
    </Button>
  );
  return (
    <div className={css.downloads}>
      {button('PDF', { format: 'pdf', language: 'en' })}
      {button('PDF 中文', { format: 'pdf', language: 'zh' })}
      {button('CSV', { format: 'csv' })}
      {button('JSON', { format: 'json' })}
      {button('FOCUS', { format: 'focus' })}
      {kind === 'invoice' && button(t('evidence'), 'evidence')}
      {error && <TroubleNotice trouble={troubleOf(error)} />}
    </div>
  );
}

function Facts({ invoice }: { invoice: IssuedInvoice }) {
  const t = useTranslations('billing');
  const { account, issuer, period } = invoice.content;
  return (
    <dl className={facts.list}>
      <div>
        <dt>{t('billTo')}</dt>
        <dd>
          {account.name} ({account.tenantId})
        </dd>
      </div>
      <div>
        <dt>{t('issuer')}</dt>
        <dd>{issuer}</dd>
      </div>
      <div>
        <dt>{t('period')}</dt>
        <dd>
          {period.month} ({period.zone}): {period.start} – {period.end}
        </dd>
      </div>
      <div>
        <dt>{t('issued')}</dt>
        <dd>
          <RelativeTime at={invoice.finalisedAt} />
        </dd>
      </div>
    </dl>
  );
}

function Sums({ invoice }: { invoice: IssuedInvoice }) {
  const t = useTranslations('billing');
  const locale = useLocale();
  const { account, currency, subtotal, tax, total } = invoice.content;
  return (
    <dl className={css.sums}>
      <dt>{t('subtotal')}</dt>
      <dd>{formatDecimal(locale, subtotal)}</dd>
      <dt>
        {account.taxName} {percentOf(account.taxRate)} %
      </dt>
      <dd>{formatDecimal(locale, tax)}</dd>
      <dt className={css.total}>
        {t('total')} ({currency})
      </dt>
      <dd className={css.total}>{formatDecimal(locale, total)}</dd>
    </dl>
  );
}

function Proof({ invoice }: { invoice: IssuedInvoice }) {
  const t = useTranslations('billing');
  const { account, override, unpriced, coveragePpm } = invoice.content;
  return (
    <Section title={t('proof')}>
      <ul className={css.notes}>
        <li>{t(`rounding.${account.rounding}`)}</li>
        {coveragePpm !== undefined && <li>{t('coverage', { percent: coveragePpm / 10_000 })}</li>}
        {unpriced.length > 0 && <li>{t('unpriced', { meters: unpriced.map(({ meter }) => t(`meter.${meter}`)).join(', ') })}</li>}
        {override !== undefined && (
          <li>{t('override', { by: override.by, what: override.overridden.join('; '), reason: override.reason })}</li>
        )}
        <li className={css.hash}>SHA-256 {invoice.hash}</li>
        <li className={css.hash}>{t('previous', { hash: invoice.previousHash ?? t('first') })}</li>
      </ul>
    </Section>
  );
}

/** An invoice as it was issued, with its renderings and what it is held by. */
export function InvoicePage({ number }: { number: string }) {
  const t = useTranslations('billing');
  const trpc = useTRPC();
  const { data: invoice, error, refetch } = useQuery(trpc.invoice.inspect.queryOptions({ number }));
  if (invoice === undefined || invoice.status === 'draft')
    return (
      <>
        <PageHead title={number} />
        {error ? <TroubleNotice trouble={troubleOf(error)} retry={() => void refetch()} /> : <RowsSkeleton height={33} />}
      </>
    );
  const { content } = invoice;
  return (
    <>
      <PageHead
        title={content.kind === 'invoice' ? t('invoiceNumber', { number }) : t('noteNumber', { number })}
        state={<InvoiceStatus status={invoice.status} />}
      >
        <Facts invoice={invoice} />
        <Downloads number={number} kind={content.kind} />
      </PageHead>
      <Section title={t('lines')}>
        <LinesTable lines={content.lines} currency={content.currency} />
        <Sums invoice={invoice} />
      </Section>
      <Proof invoice={invoice} />
    </>
  );
}
