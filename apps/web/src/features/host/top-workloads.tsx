'use client';
import { useTranslations } from 'next-intl';
import { useEffect, useMemo, useState } from 'react';
import { Link } from '../../components/link.tsx';
import { RuntimeBadge } from '../../components/maker-badge.tsx';
import { Measure, useFormat } from '../../components/measure.tsx';
import { UseBar } from '../../components/use-bar.tsx';
import { useTree } from '../cgroup/use-tree.ts';
import { isForeign } from '../container/listed.ts';
import { useConnection, useContainers, useHostLive, useLiveStore } from '../live/live-provider.tsx';
import { workloadHref } from '../namespace/namespaces-url.ts';
import { useInventory } from '../namespace/use-inventory.ts';
import { countByCgroup, ownCgroup } from '../workload/own-cgroup.ts';
import css from './overview.module.css';
import { rankByUse, whyNothing } from './ranking.ts';

const shown = 5;
const refreshMsec = 2_000;

/** What uses most of something, ours and others', with its part of what the first uses. */
export function TopWorkloads({ by, administrator }: { by: 'cpu' | 'memory'; administrator: boolean }) {
  const t = useTranslations('overview');
  const format = useFormat();
  const store = useLiveStore();
  const { tree: uses } = useHostLive();
  const containers = useContainers();
  const { workloads } = useInventory(administrator);
  const { connection, reachability } = useConnection();
  useTree(administrator);
  const [, setTick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setTick((tick) => tick + 1), refreshMsec);
    return () => clearInterval(timer);
  }, []);
  const foreign = useMemo(() => {
    const counts = countByCgroup(workloads.values());
    return [...workloads.values()]
      .filter(
        (workload) => isForeign(workload, containers ?? new Map()) && (workload.maker.runtime !== 'bulkhead' || workload.maker.instance),
      )
      .flatMap((workload) => {
        const path = ownCgroup(workload, counts);
        return path === undefined ? [] : [{ workload, path }];
      });
  }, [workloads, containers]);
  const field = by === 'cpu' ? 'cpuMillis' : 'memoryBytes';
  const running = [...(containers?.values() ?? [])].filter(({ status }) => status === 'running');
  const ranked = rankByUse(
    [
      ...running.map((container) => ({
        key: container.id,
        name: container.name,
        aside: container.tenantId,
        runtime: 'bulkhead' as const,
        href: `/containers/${container.id}`,
        value: store.latestUse(container.id)?.[field],
      })),
      ...foreign.map(({ workload, path }) => ({
        key: workload.id,
        name: workload.maker.name,
        aside: undefined,
        runtime: workload.maker.runtime,
        href: workloadHref(workload),
        value: uses.use(path)?.[field],
      })),
    ],
    shown,
  );
  const most = ranked[0]?.value ?? 0;
  if (ranked.length === 0) {
    const away = connection === 'lost' || reachability?.reachable === false;
    return (
      <p className={css.none}>
        {t(
          whyNothing({
            known: containers !== undefined,
            away,
            running: running.length + foreign.length,
            unmeasured: workloads.size - foreign.length,
          }),
        )}
      </p>
    );
  }
  return (
    <ol className={css.top}>
      {ranked.map(({ key, name, aside, runtime, href, value }) => (
        <li key={key}>
          <Link className={css.topName} href={href}>
            <span className={css.topLabel} title={name}>
              {name}
            </span>{' '}
            <span className={css.topAside}>{aside === undefined ? <RuntimeBadge runtime={runtime} /> : aside}</span>
          </Link>
          <span className={css.topBar}>
            <UseBar used={value} limit={most} tone={by} label={name} plain />
          </span>
          <span className={css.topValue}>
            <Measure quantity={by === 'cpu' ? format.cores(value) : format.bytes(value)} />
          </span>
        </li>
      ))}
    </ol>
  );
}
