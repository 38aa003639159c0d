'use client';
import type { CgroupUse } from '@bulkhead/model';
import { useTranslations } from 'next-intl';
import { useEffect, useState } from 'react';
import { Link } from '../../components/link.tsx';
import { useFormat } from '../../components/measure.tsx';
import { Section } from '../../components/page-head.tsx';
import { RowsSkeleton } from '../../components/rows-skeleton.tsx';
import { UseBar } from '../../components/use-bar.tsx';
import { cgroupHref } from '../cgroup/cgroups-url.ts';
import { heatOf, worstPressure } from '../cgroup/pressure.ts';
import { nameOf } from '../cgroup/rows.ts';
import { useMissing } from '../cgroup/use-missing.ts';
import { useTree } from '../cgroup/use-tree.ts';
import { useHostLive } from '../live/live-provider.tsx';
import css from './overview.module.css';

const shown = 5;
const refreshMsec = 2_000;

interface Waiting {
  path: string;
  share: number;
  word: string;
}

/** Cgroups whose tasks wait most; where the kernel does not tell, why, and which are held back by their quota. */
export function PressurePanel() {
  const t = useTranslations('overview.pressure');
  const c = useTranslations('cgroup');
  const format = useFormat();
  const tree = useTree();
  const missing = useMissing(tree);
  const { tree: store } = useHostLive();
  const [, setTick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setTick((tick) => tick + 1), refreshMsec);
    return () => clearInterval(timer);
  }, []);
  if (tree.cgroups === undefined)
    return (
      <Section title={t('title')}>
        <RowsSkeleton rows={3} height={32} />
      </Section>
    );
  const nodes = [...tree.cgroups.values()];
  const measured = nodes.some(({ path }) => worstPressure(store.use(path)?.pressure) !== undefined);
  const rank = (read: (use: CgroupUse) => { share: number; word: string } | undefined): Waiting[] =>
    nodes
      .flatMap(({ path }) => {
        const use = store.use(path);
        const found = use === undefined ? undefined : read(use);
        return found === undefined || path === '/' ? [] : [{ path, ...found }];
      })
      .sort((a, b) => b.share - a.share)
      .slice(0, shown);
  const waiting = rank(({ pressure }) => {
    const worst = worstPressure(pressure);
    return worst === undefined || heatOf(worst.share) === 0 ? undefined : { share: worst.share, word: c(`resource.${worst.resource}`) };
  });
  const throttled = rank(({ throttled: share }) => (share === undefined || share < 0.01 ? undefined : { share, word: c('throttledWord') }));
  const list = [...waiting, ...throttled].sort((a, b) => b.share - a.share).slice(0, shown);
  return (
    <Section title={t('title')} aside={measured ? t('window') : undefined}>
      {!measured && <p className={css.none}>{missing(tree.cgroups.get('/'), 'pressure')}</p>}
      {list.length === 0 ? (
        <p className={css.none}>{measured ? t('nothing') : t('noneThrottled')}</p>
      ) : (
        <ol className={css.top}>
          {list.map(({ path, share, word }) => (
            <li key={`${path} ${word}`}>
              <Link className={css.topName} href={cgroupHref(path)} title={path}>
                {tree.cgroups?.get(path)?.maker.name ?? nameOf(path)} <span>{word}</span>
              </Link>
              <span className={css.topBar}>
                <UseBar used={share} limit={1} label={`${nameOf(path)} ${word}`} plain />
              </span>
              <span className={css.topValue}>{format.percent(share)}</span>
            </li>
          ))}
        </ol>
      )}
    </Section>
  );
}
