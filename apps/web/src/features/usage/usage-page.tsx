'use client';
import type { UsageLine, UsageSummary } from '@bulkhead/api';
import { Button, SegmentedControl } from '@mantine/core';
import { IconDownload, IconRefresh } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useSearchParams } from 'next/navigation';
import { useLocale, useTranslations } from 'next-intl';
import { useState } from 'react';
import { ColumnMenu } from '../../components/data-table.tsx';
import { Empty } from '../../components/empty.tsx';
import { Link } from '../../components/link.tsx';
import { Measure, NotMeasured, useFormat } from '../../components/measure.tsx';
import { PageHead, Section } from '../../components/page-head.tsx';
import { RowsSkeleton } from '../../components/rows-skeleton.tsx';
import { SearchField } from '../../components/search-field.tsx';
import { ariaSort, SortHeading } from '../../components/sort-heading.tsx';
import { readSort, type Sort, type SortValue, sortRows, sortText } from '../../components/sort-rows.ts';
import { StateMark } from '../../components/state-mark.tsx';
import table from '../../components/table.module.css';
import { TableScroll } from '../../components/table-scroll.tsx';
import { TroubleNotice } from '../../components/trouble-notice.tsx';
import { useColumnChoice } from '../../components/use-column-choice.ts';
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

const sortColumns = ['container', 'cpu', 'memory', 'read', 'written', 'state'] as const;
type SortColumn = (typeof sortColumns)[number];
const usualSort = { column: 'cpu', descending: true } as const;

const sortValues: Record<SortColumn, (line: UsageLine) => SortValue> = {
  container: ({ containerName }) => containerName,
  cpu: ({ cpuUsageUsec }) => (cpuUsageUsec === undefined ? undefined : Number(cpuUsageUsec)),
  memory: ({ memoryByteSeconds }) => Number(memoryByteSeconds),
  read: ({ ioReadBytes }) => (ioReadBytes === undefined ? undefined : Number(ioReadBytes)),
  written: ({ ioWriteBytes }) => (ioWriteBytes === undefined ? undefined : Number(ioWriteBytes)),
  state: ({ final, unmeasuredMsec }) => (Number(unmeasuredMsec) >= 1_000 ? 2 : final ? 1 : 0),
};

/** In lower case; nothing wanted fits everything. */
const matches = ({ containerName, containerId, tenantId }: UsageLine, wanted: string): boolean =>
  `${containerName} ${containerId} ${tenantId}`.toLowerCase().includes(wanted);
const finds = ({ containers }: UsageSummary, wanted: string): boolean => containers.some((line) => matches(line, wanted));

function TenantUsage({
  summary,
  wanted,
  sort,
  hidden,
  onSort,
}: {
  summary: UsageSummary;
  /** In lower case; only lines with it in their name are listed. Totals are of all. */
  wanted: string;
  sort: Sort<SortColumn>;
  hidden: ReadonlySet<string>;
  onSort(sort: Sort<SortColumn>): void;
}) {
  const t = useTranslations('usage');
  const cells = useCells();
  const lines = sortRows(
    summary.containers.filter((line) => matches(line, wanted)),
    sortValues[sort.column],
    sort.descending,
  );
  if (lines.length === 0 && wanted !== '') return null;
  const heading = (column: SortColumn) => (
    <SortHeading column={column} heading={t(column)} sort={sort} onSort={onSort} descendingFirst={column !== 'container'} />
  );
  return (
    <Section title={summary.tenantId} aside={t('containers', { count: summary.containers.length })}>
      <TableScroll label={summary.tenantId}>
        <table className={`${table.table} ${css.table}`}>
          <thead>
            <tr>
              <th scope="col" aria-sort={ariaSort(sort, 'container')}>
                {heading('container')}
              </th>
              <th scope="col" className={table.number} aria-sort={ariaSort(sort, 'cpu')}>
                {heading('cpu')}
              </th>
              <th scope="col" className={table.number} aria-sort={ariaSort(sort, 'memory')}>
                {heading('memory')}
              </th>
              {(['read', 'written'] as const)
                .filter((column) => !hidden.has(column))
                .map((column) => (
                  <th key={column} scope="col" className={`${table.number} ${css.io}`} aria-sort={ariaSort(sort, column)}>
                    {heading(column)}
                  </th>
                ))}
              {!hidden.has('state') && (
                <th scope="col" className={css.state} aria-sort={ariaSort(sort, 'state')}>
                  {heading('state')}
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {lines.map((line) => (
              <tr key={`${line.hostId} ${line.containerId}`}>
                <th scope="row" className={css.name}>
                  <Link className={table.link} href={`/containers/${line.containerId}`}>
                    {line.containerName}
                  </Link>
                </th>
                <td className={table.number}>{cells.cpu(line.cpuUsageUsec)}</td>
                <td className={table.number}>{cells.memory(line.memoryByteSeconds)}</td>
                {!hidden.has('read') && <td className={`${table.number} ${css.io}`}>{cells.io(line.ioReadBytes)}</td>}
                {!hidden.has('written') && <td className={`${table.number} ${css.io}`}>{cells.io(line.ioWriteBytes)}</td>}
                {!hidden.has('state') && (
                  <td className={css.state}>
                    <State line={line} />
                  </td>
                )}
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row">{t('total')}</th>
              <td className={table.number}>{cells.cpu(summary.cpuUsageUsec)}</td>
              <td className={table.number}>{cells.memory(summary.memoryByteSeconds)}</td>
              {!hidden.has('read') && <td className={`${table.number} ${css.io}`}>{cells.io(summary.ioReadBytes)}</td>}
              {!hidden.has('written') && <td className={`${table.number} ${css.io}`}>{cells.io(summary.ioWriteBytes)}</td>}
              {!hidden.has('state') && <td className={css.state} />}
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
  const params = useSearchParams();
  const asked = params.get('period');
  const search = params.get('q') ?? '';
  const wanted = search.trim().toLowerCase();
  const sort = readSort(params.get('sort'), sortColumns, usualSort);
  const choice = useColumnChoice('usage', []);
  const columns = (['read', 'written', 'state'] as const).map((id) => ({ id, heading: t(id) }));
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
        <SearchField className={css.search} label={t('search')} value={search} onSearch={(text) => setParameter('q', text, 'replace')} />
        {data?.[0] && <span className={css.until}>{t('until', { time: formatExactTime(locale, Date.parse(data[0].to)) })}</span>}
        <ColumnMenu columns={columns} choice={choice} />
      </div>
      {error && <TroubleNotice trouble={troubleOf(error)} retry={() => void refetch()} />}
      {data === undefined ? (
        !error && <RowsSkeleton height={33} />
      ) : data.length > 0 && wanted !== '' && !data.some((summary) => finds(summary, wanted)) ? (
        <Empty title={t('nothing.title')}>{t('nothing.what')}</Empty>
      ) : data.length === 0 ? (
        <Empty title={t('empty.title')}>{t('empty.what')}</Empty>
      ) : (
        data.map((summary) => (
          <TenantUsage
            key={summary.tenantId}
            summary={summary}
            wanted={wanted}
            sort={sort}
            hidden={choice.hidden}
            onSort={(next) => setParameter('sort', sortText(next) === sortText(usualSort) ? undefined : sortText(next), 'push')}
          />
        ))
      )}
    </>
  );
}
