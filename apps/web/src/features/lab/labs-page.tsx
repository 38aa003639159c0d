'use client';
import { useQuery } from '@tanstack/react-query';
import { useTranslations } from 'next-intl';
import { PageHead } from '../../components/page-head.tsx';
import { RowsSkeleton } from '../../components/rows-skeleton.tsx';
import { TroubleNotice } from '../../components/trouble-notice.tsx';
import { troubleOf, useTRPC } from '../../lib/api.ts';
import { AwayNotice } from '../live/away-notice.tsx';
import { LabCard } from './lab-card.tsx';
import { LabHistory } from './lab-history.tsx';
import css from './labs.module.css';
import { useLabRuns } from './use-lab-runs.ts';

/** Experiments that show what control groups do, and how each came out here. */
export function LabsPage() {
  const t = useTranslations('labs');
  const trpc = useTRPC();
  const { data: labs, error, refetch } = useQuery(trpc.lab.list.queryOptions({}));
  const { runs, trouble } = useLabRuns();
  const running = [...(runs?.values() ?? [])].find(({ state }) => state !== 'ended')?.lab;
  return (
    <>
      <PageHead title={t('title')} lead={t('lead')} />
      <AwayNotice />
      {error !== null && <TroubleNotice trouble={troubleOf(error)} retry={() => void refetch()} />}
      {error === null && trouble !== undefined && <TroubleNotice trouble={trouble} />}
      {labs === undefined || runs === undefined ? (
        error === null && trouble === undefined && <RowsSkeleton rows={6} height={160} />
      ) : (
        <div className={css.labs}>
          {labs.map((lab) => (
            <LabCard key={lab.kind} lab={lab} run={runs.get(lab.kind)} busyWith={running} />
          ))}
        </div>
      )}
      {labs !== undefined && runs !== undefined && <LabHistory />}
    </>
  );
}
