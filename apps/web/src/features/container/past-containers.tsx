'use client';
import { useQuery } from '@tanstack/react-query';
import { useTranslations } from 'next-intl';
import { Empty } from '../../components/empty.tsx';
import { Link } from '../../components/link.tsx';
import { RowsSkeleton } from '../../components/rows-skeleton.tsx';
import table from '../../components/table.module.css';
import { TableScroll } from '../../components/table-scroll.tsx';
import { ClockTime, RelativeTime } from '../../components/time.tsx';
import { TroubleNotice } from '../../components/trouble-notice.tsx';
import { troubleOf, useTRPC } from '../../lib/api.ts';
import { ContainerStatusMark } from './container-status.tsx';

/** Containers of which nothing is left on the host; what they used and did is kept. */
export function PastContainers() {
  const t = useTranslations('past');
  const trpc = useTRPC();
  const { data, error, refetch } = useQuery({ ...trpc.container.past.queryOptions({ limit: 200 }), refetchInterval: 5_000 });
  if (error) return <TroubleNotice trouble={troubleOf(error)} retry={() => void refetch()} />;
  if (data === undefined) return <RowsSkeleton />;
  if (data.length === 0) return <Empty title={t('empty.title')}>{t('empty.what')}</Empty>;
  return (
    <TableScroll label={t('label')}>
      <table className={table.table}>
        <thead>
          <tr>
            <th scope="col">{t('name')}</th>
            <th scope="col">{t('tenant')}</th>
            <th scope="col">{t('status')}</th>
            <th scope="col">{t('created')}</th>
            <th scope="col">{t('ended')}</th>
          </tr>
        </thead>
        <tbody>
          {data.map((container) => (
            <tr key={container.id}>
              <th scope="row">
                <Link className={table.link} href={`/containers/${container.id}`}>
                  {container.name}
                </Link>
              </th>
              <td>{container.tenantId}</td>
              <td>
                <ContainerStatusMark container={container} />
              </td>
              <td>
                <ClockTime at={container.createdAt} />
              </td>
              <td>{container.finishedAt ? <RelativeTime at={container.finishedAt} /> : t('endUnknown')}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  );
}
