'use client';
import { useQuery } from '@tanstack/react-query';
import { useTranslations } from 'next-intl';
import { Empty } from '../../../components/empty.tsx';
import { Measure, NotMeasured, useFormat } from '../../../components/measure.tsx';
import { Section } from '../../../components/page-head.tsx';
import { RowsSkeleton } from '../../../components/rows-skeleton.tsx';
import table from '../../../components/table.module.css';
import { TableScroll } from '../../../components/table-scroll.tsx';
import { TroubleNotice } from '../../../components/trouble-notice.tsx';
import { troubleOf, useTRPC } from '../../../lib/api.ts';
import { useShown } from './container-frame.tsx';

const refreshMsec = 2_000;

/** Processes with the pid they have inside and the one they have on the host. */
export function ProcessesTab() {
  const t = useTranslations('processes');
  const format = useFormat();
  const trpc = useTRPC();
  const { container, gone } = useShown();
  const running = !gone && container.status === 'running';
  const { data, error, refetch } = useQuery({
    ...trpc.container.processes.queryOptions({ container: container.id }),
    enabled: running,
    refetchInterval: refreshMsec,
  });
  if (!running) return <Empty title={t('none.title')}>{t('none.what')}</Empty>;
  if (error && data === undefined) return <TroubleNotice trouble={troubleOf(error)} retry={() => void refetch()} />;
  if (data === undefined) return <RowsSkeleton />;
  return (
    <Section title={t('title')} aside={t('count', { count: data.length })}>
      <TableScroll label={t('title')}>
        <table className={table.table}>
          <thead>
            <tr>
              <th scope="col" className={table.number}>
                {t('inside')}
              </th>
              <th scope="col" className={table.number}>
                {t('outside')}
              </th>
              <th scope="col" className={`${table.number} ${table.spare}`}>
                {t('user')}
              </th>
              <th scope="col" className={table.spare}>
                {t('state')}
              </th>
              <th scope="col" className={table.number}>
                {t('memory')}
              </th>
              <th scope="col" className={`${table.number} ${table.spare}`}>
                {t('cpuTime')}
              </th>
              <th scope="col" className={`${table.number} ${table.spare}`}>
                {t('threads')}
              </th>
              <th scope="col" className={table.wide}>
                {t('command')}
              </th>
            </tr>
          </thead>
          <tbody>
            {[...data]
              .sort((a, b) => a.innerPid - b.innerPid)
              .map((process) => (
                <tr key={process.pid}>
                  <th scope="row" className={table.number}>
                    {process.innerPid}
                  </th>
                  <td className={table.number}>{process.pid}</td>
                  <td className={`${table.number} ${table.spare}`} title={t('uidOutside', { uid: process.uid })}>
                    {process.innerUid ?? <NotMeasured reason={t('unmapped')} />}
                  </td>
                  <td className={`${table.nowrap} ${table.spare}`}>
                    <span title={process.state}>{t('stateWord', { state: process.state.slice(0, 1) })}</span>
                  </td>
                  <td className={table.number}>
                    {process.residentBytes === undefined ? (
                      <NotMeasured reason={t('missing')} />
                    ) : (
                      <Measure quantity={format.bytes(BigInt(process.residentBytes))} />
                    )}
                  </td>
                  <td className={`${table.number} ${table.spare}`}>
                    {process.cpuUsec === undefined ? (
                      <NotMeasured reason={t('missing')} />
                    ) : (
                      <Measure quantity={format.duration(BigInt(process.cpuUsec))} />
                    )}
                  </td>
                  <td className={`${table.number} ${table.spare}`}>{process.threads}</td>
                  <td className={table.code}>{process.command}</td>
                </tr>
              ))}
          </tbody>
        </table>
      </TableScroll>
    </Section>
  );
}
