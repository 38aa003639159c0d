'use client';
import type { UsageLine, UsageSummary } from '@bulkhead/api';
import { Button, SegmentedControl } from '@mantine/core';
import { IconDownload, IconRefresh } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useSearchParams } from 'next/navigation';
import { useLocale, useTranslations } from 'next-intl';
import { useState } from 'react';
import { Empty } from '../../components/empty.tsx';
import { Link } from '../../components/link.tsx';
import { Measure, NotMeasured, useFormat } from '../../components/measure.tsx';
import { PageHead, Section } from '../../components/page-head.tsx';
import { RowsSkeleton } from '../../components/rows-skeleton.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import table from '../../components/table.module.css';
import { TableScroll } from '../../components/table-scroll.tsx';
import { TroubleNotice } from '../../components/trouble-notice.tsx';
import { troubleOf, useTRPC } from '../../lib/api.ts';
import { download } from '../../lib/download.ts';
import { formatExactTime } from '../../lib/format.ts';
import { toCsv } from '../../lib/series.ts';
import { setParameter } from '../../lib/url.ts';
import { type Period, periodStart, periods } from './period.ts';
import css from './usage.module.css';

function useCells() {
  const t = useTranslations('usage');
  const format = useFormat();
  const missing = <NotMeasured reason={t('notMeasured')} />;
  return {
    cpu: (value: string | undefined) => (value === undefined ? missing : <Measure quantity={format.duration(BigInt(value))} />),
    memory: (value: string) => <Measure quantity={format.byteHours(BigInt(value))} />,
    io: (value: string | undefined) => (value === undefined ? missing : <Measure quantity={format.bytes(BigInt(value))} />),
  };
}

function State({ line }: { line: UsageLine }) {
  const t = useTranslations('usage');
  const format = useFormat();
  const unmeasured = BigInt(line.unmeasuredMsec) * 1000n;
  // The sampler's first look comes up to a second after the start: no sign that anything was amiss.
  if (unmeasured >= 1_000_000n)
    return (
      <StateMark state="attention" title={t('unmeasuredWhat')}>
        {t('unmeasured', { time: format.duration(unmeasured).text })}
      </StateMark>
    );
  return line.final ? <span className={table.soft}>{t('final')}</span> : <span>{t('running')}</span>;
}

function TenantUsage({ summary }: { summary: UsageSummary }) {
  const t = useTranslations('usage');
  const cells = useCells();
  return (
    <Section title={summary.tenantId} aside={t('containers', { count: summary.containers.length })}>
      <TableScroll label={summary.tenantId}>
        <table className={`${table.table} ${css.table}`}>
          <thead>
            <tr>
              <th scope="col">{t('container')}</th>
              <th scope="col" className={table.number}>
                {t('cpu')}
              </th>
              <th scope="col" className={table.number}>
                {t('memory')}
              </th>
              <th scope="col" className={`${table.number} ${css.io}`}>
                {t('read')}
              </th>
              <th scope="col" className={`${table.number} ${css.io}`}>
                {t('written')}
              </th>
              <th scope="col" className={css.state}>
                {t('state')}
              </th>
            </tr>
          </thead>
          <tbody>
            {summary.containers.map((line) => (
              <tr key={`${line.hostId} ${line.containerId}`}>
                <th scope="row" className={css.name}>
                  <Link className={table.link} href={`/containers/${line.containerId}`}>
                    {line.containerName}
                  </Link>
                </th>
                <td className={table.number}>{cells.cpu(line.cpuUsageUsec)}</td>
                <td className={table.number}>{cells.memory(line.memoryByteSeconds)}</td>
                <td className={`${table.number} ${css.io}`}>{cells.io(line.ioReadBytes)}</td>
                <td className={`${table.number} ${css.io}`}>{cells.io(line.ioWriteBytes)}</td>
                <td className={css.state}>
                  <State line={line} />
                </td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row">{t('total')}</th>
              <td className={table.number}>{cells.cpu(summary.cpuUsageUsec)}</td>
              <td className={table.number}>{cells.memory(summary.memoryByteSeconds)}</td>
              <td className={`${table.number} ${css.io}`}>{cells.io(summary.ioReadBytes)}</td>
              <td className={`${table.number} ${css.io}`}>{cells.io(summary.ioWriteBytes)}</td>
              <td className={css.state} />
            </tr>
          </tfoot>
        </table>
      </TableScroll>
    </Section>
  );
}

function save(summaries: readonly UsageSummary[]): void {
  const header = [
    'tenant',
    'container',
    'container_id',
    'host_id',
    'cpu_usec',
    'memory_byte_seconds',
    'io_read_bytes',
    'io_write_bytes',
    'unmeasured_msec',
    'from',
    'to',
    'final',
  ];
  const rows = summaries.flatMap((summary) =>
    summary.containers.map((line) => [
      line.tenantId,
      line.containerName,
      line.containerId,
      line.hostId,
      line.cpuUsageUsec ?? null,
      line.memoryByteSeconds,
      line.ioReadBytes ?? null,
      line.ioWriteBytes ?? null,
      line.unmeasuredMsec,
      line.firstAt,
      line.lastAt,
      String(line.final),
    ]),
  );
  download('usage.csv', 'text/csv', toCsv(header, rows));
}

/** What each tenant used, from the kernel's own counters. */
export function UsagePage() {
  const t = useTranslations('usage');
  const locale = useLocale();
  const trpc = useTRPC();
  const asked = useSearchParams().get('period');
  const period: Period = periods.find((candidate) => candidate === asked) ?? 'month';
  // Fixed while the page stands, so that asking again asks for the same window.
  const [openedMsec] = useState(() => Date.now());
  const from = periodStart(period, openedMsec);
  const { data, error, refetch, isFetching } = useQuery({
    ...trpc.usage.summarise.queryOptions(from === undefined ? {} : { from: new Date(from).toISOString() }),
    placeholderData: keepPreviousData,
    staleTime: 10_000,
  });
  return (
    <>
      <PageHead
        title={t('title')}
        lead={t('lead')}
        actions={
          <>
            <Button
              size="xs"
              variant="default"
              loading={isFetching}
              onClick={() => void refetch()}
              leftSection={<IconRefresh size={14} aria-hidden="true" />}
            >
              {t('refresh')}
            </Button>
            <Button
              size="xs"
              variant="default"
              disabled={!data?.length}
              onClick={() => save(data ?? [])}
              leftSection={<IconDownload size={14} aria-hidden="true" />}
            >
              CSV
            </Button>
          </>
        }
      />
      <div className={css.toolbar}>
        <SegmentedControl
          size="xs"
          aria-label={t('period.label')}
          value={period}
          onChange={(value) => setParameter('period', value === 'month' ? undefined : value, 'push')}
          data={periods.map((value) => ({ value, label: t(`period.${value}`) }))}
        />
        {data?.[0] && <span className={css.until}>{t('until', { time: formatExactTime(locale, Date.parse(data[0].to)) })}</span>}
      </div>
      {error && <TroubleNotice trouble={troubleOf(error)} retry={() => void refetch()} />}
      {data === undefined ? (
        !error && <RowsSkeleton height={33} />
      ) : data.length === 0 ? (
        <Empty title={t('empty.title')}>{t('empty.what')}</Empty>
      ) : (
        data.map((summary) => <TenantUsage key={summary.tenantId} summary={summary} />)
      )}
    </>
  );
}
