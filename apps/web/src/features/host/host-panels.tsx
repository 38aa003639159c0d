'use client';
import { Skeleton } from '@mantine/core';
import dynamic from 'next/dynamic';
import { useLocale, useTranslations } from 'next-intl';
import { byteIncrements, coreIncrements } from '../../components/chart-panel.tsx';
import { Measure, NotMeasured, useFormat } from '../../components/measure.tsx';
import { PageHead, Section } from '../../components/page-head.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import table from '../../components/table.module.css';
import { TableScroll } from '../../components/table-scroll.tsx';
import { RelativeTime } from '../../components/time.tsx';
import { TroubleNotice } from '../../components/trouble-notice.tsx';
import { useNow } from '../../components/use-now.ts';
import css from './overview.module.css';
import type { HostState } from './use-host.ts';

const TimeChart = dynamic(() => import('../../components/time-chart.tsx').then((module) => module.TimeChart), {
  ssr: false,
  loading: () => <Skeleton height={192} />,
});

const windowSeconds = 900;

export function HostHead({ host }: { host: HostState }) {
  const t = useTranslations('host');
  const format = useFormat();
  const { view, trouble } = host;
  if (trouble !== undefined && view === undefined) return <TroubleNotice trouble={trouble} retry={host.retry} />;
  const facts = view && (
    <span className={css.facts}>
      {view.kernelRelease && <span>{t('kernel', { release: view.kernelRelease })}</span>}
      {view.architecture && <span>{view.architecture}</span>}
      {view.cpus !== undefined && <span>{t('cpus', { count: view.cpus })}</span>}
      {view.memoryBytes !== undefined && (
        <span>
          <Measure quantity={format.bytes(view.memoryBytes)} />
        </span>
      )}
      {view.cgroupSetup && <span>{t(`cgroup.${view.cgroupSetup}`)}</span>}
      {view.bootedAt && <span>{t.rich('booted', { time: () => <RelativeTime at={view.bootedAt ?? ''} /> })}</span>}
      {view.agentVersion && <span>{t('agent', { version: view.agentVersion })}</span>}
    </span>
  );
  return (
    <PageHead
      title={view?.hostname ?? t('thisHost')}
      state={view && <StateMark state={view.reachable ? 'good' : 'attention'}>{t(view.reachable ? 'reachable' : 'away')}</StateMark>}
      lead={facts || ' '}
    />
  );
}

/** CPU and memory of the whole host. */
export function HostUsePanel({ host }: { host: HostState }) {
  const t = useTranslations('host');
  const c = useTranslations('chart');
  const format = useFormat();
  const locale = useLocale();
  const nowMsec = useNow();
  const cpus = host.view?.cpus;
  const memory = host.view?.memoryBytes;
  const shared = { window: { from: nowMsec / 1000 - windowSeconds, to: nowMsec / 1000 }, locale, cursorKey: 'host', live: true };
  return (
    <Section title={t('use')} aside={t('window')}>
      <div className={css.charts}>
        {nowMsec > 0 && (
          <>
            <TimeChart
              {...shared}
              title={c('cpu')}
              tone="cpu"
              series={host.cpu}
              format={(value) => format.cores(value).text}
              increments={coreIncrements}
              limit={cpus === undefined ? undefined : cpus * 1000}
              limitLabel={cpus === undefined ? undefined : t('ofAll', { all: format.cores(cpus * 1000).text })}
            />
            <TimeChart
              {...shared}
              title={c('memory')}
              tone="memory"
              series={host.memory}
              format={(value) => format.bytes(value).text}
              increments={byteIncrements}
              limit={memory}
              limitLabel={memory === undefined ? undefined : t('ofAll', { all: format.bytes(memory).text })}
            />
          </>
        )}
      </div>
    </Section>
  );
}

/** What Bulkhead itself takes from the host. */
export function OwnProcesses({ host }: { host: HostState }) {
  const t = useTranslations('host');
  const format = useFormat();
  const processes = host.use?.processes;
  return (
    <Section title={t('ownProcesses')} aside={t('ownProcessesWhat')}>
      {processes === undefined ? (
        <p className={css.none}>{t('useUnknown')}</p>
      ) : (
        <TableScroll label={t('ownProcesses')}>
          <table className={`${table.table} ${css.own}`}>
            <thead>
              <tr>
                <th scope="col">{t('process')}</th>
                <th scope="col" className={table.number}>
                  pid
                </th>
                <th scope="col" className={table.number}>
                  {t('memory')}
                </th>
                <th scope="col" className={table.number}>
                  {t('cpuNow')}
                </th>
                <th scope="col" className={table.number}>
                  {t('cpuTime')}
                </th>
              </tr>
            </thead>
            <tbody>
              {processes.map((process) => (
                <tr key={process.pid}>
                  <th scope="row">{process.name}</th>
                  <td className={table.number}>{process.pid}</td>
                  <td className={table.number}>
                    <Measure quantity={format.bytes(BigInt(process.residentBytes))} />
                  </td>
                  <td className={table.number}>
                    {host.cpuOf.get(process.pid) === undefined ? (
                      <NotMeasured reason={t('cpuNotYet')} />
                    ) : (
                      <Measure quantity={format.cores(host.cpuOf.get(process.pid) ?? 0)} />
                    )}
                  </td>
                  <td className={table.number}>
                    <Measure quantity={format.duration(BigInt(process.cpuUsec))} />
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
