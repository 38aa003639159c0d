'use client';
import type { NamespaceProcess, Workload } from '@bulkhead/model';
import { useQueries } from '@tanstack/react-query';
import { useParams } from 'next/navigation';
import { useTranslations } from 'next-intl';
import { type ReactNode, useEffect, useMemo, useRef } from 'react';
import facts from '../../components/facts.module.css';
import { Link } from '../../components/link.tsx';
import { RuntimeBadge } from '../../components/maker-badge.tsx';
import { useFormat } from '../../components/measure.tsx';
import { Notice } from '../../components/notice.tsx';
import { PageHead, Section } from '../../components/page-head.tsx';
import { RowsSkeleton } from '../../components/rows-skeleton.tsx';
import table from '../../components/table.module.css';
import { TableScroll } from '../../components/table-scroll.tsx';
import { RelativeTime } from '../../components/time.tsx';
import { TroubleNotice } from '../../components/trouble-notice.tsx';
import { troubleOf, useTRPC } from '../../lib/api.ts';
import { CgroupCharts } from '../cgroup/cgroup-charts.tsx';
import { cgroupHref } from '../cgroup/cgroups-url.ts';
import { useMissing } from '../cgroup/use-missing.ts';
import { useTree } from '../cgroup/use-tree.ts';
import { AwayNotice } from '../live/away-notice.tsx';
import { InventoryNotice } from '../namespace/inventory-notice.tsx';
import type { Inventory } from '../namespace/inventory-store.ts';
import { namespaceHref } from '../namespace/namespaces-url.ts';
import { ProcessTable } from '../namespace/process-table.tsx';
import { inhabitantsByNamespace } from '../namespace/rooms.ts';
import { useInventory } from '../namespace/use-inventory.ts';
import { countByCgroup, namespacesToLookIn, ownCgroup } from './own-cgroup.ts';

const refreshMsec = 5_000;
const mostNamespaces = 8;

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** Its cgroup over time; a workload without one of its own cannot be measured by itself. */
function Use({ workload, inventory }: { workload: Workload; inventory: Inventory }) {
  const t = useTranslations('workload');
  const tree = useTree();
  const missing = useMissing(tree);
  const counts = useMemo(() => countByCgroup(inventory.workloads.values()), [inventory.workloads]);
  const path = ownCgroup(workload, counts);
  if (path === undefined)
    return (
      <Notice state="unknown" title={t('noCgroup.title')}>
        {t.rich('noCgroup.what', {
          path: () => (
            <Link className={facts.link} href={cgroupHref(workload.cgroupPath)}>
              {workload.cgroupPath}
            </Link>
          ),
        })}
      </Notice>
    );
  return <CgroupCharts path={path} node={tree.cgroups?.get(path)} missing={missing} />;
}

function Processes({ workload, inventory }: { workload: Workload; inventory: Inventory }) {
  const t = useTranslations('workload');
  const trpc = useTRPC();
  const keys = useMemo(
    () => namespacesToLookIn(workload, (key) => inventory.namespaces?.get(key)?.holders.processes, mostNamespaces),
    [workload, inventory.namespaces],
  );
  const answers = useQueries({
    queries: keys.map((key) => ({ ...trpc.namespace.inspect.queryOptions({ key }), refetchInterval: refreshMsec, retry: false })),
  });
  const processes = new Map<number, NamespaceProcess>();
  for (const { data } of answers)
    for (const process of data?.processes ?? []) if (process.workloadId === workload.id) processes.set(process.pid, process);
  const failed = answers.find(({ error }) => error !== null);
  if (answers.some(({ data, error }) => data === undefined && error === null)) return <RowsSkeleton />;
  return (
    <Section title={t('processes')}>
      {failed?.error && <TroubleNotice trouble={troubleOf(failed.error)} retry={() => void failed.refetch()} />}
      {processes.size === 0 ? (
        <p className={facts.soft}>{t('noProcesses')}</p>
      ) : (
        <ProcessTable table="workload-processes" processes={[...processes.values()]} whole={Math.max(processes.size, workload.processes)} />
      )}
    </Section>
  );
}

/** Which namespaces its processes are in, and with whom they share them. */
function Namespaces({ workload, inventory }: { workload: Workload; inventory: Inventory }) {
  const t = useTranslations('workload');
  const inhabitants = useMemo(() => inhabitantsByNamespace(inventory.workloads.values()), [inventory.workloads]);
  return (
    <Section title={t('namespaces')} aside={t('groups', { count: workload.groupCount })}>
      {workload.groups.map((group, index) => (
        <TableScroll key={group.namespaces.join()} label={t('groupOf', { pid: group.leader.pid })}>
          <table className={table.table}>
            {workload.groupCount > 1 && (
              <caption className={facts.soft} style={{ textAlign: 'left', paddingTop: index === 0 ? 0 : 16 }}>
                {t('groupWhat', { count: group.processes, pid: group.leader.pid })} <code>{group.leader.command}</code>
              </caption>
            )}
            <thead>
              <tr>
                <th scope="col">{t('type')}</th>
                <th scope="col" className={table.number}>
                  {t('inode')}
                </th>
                <th scope="col" className={table.wide}>
                  {t('with')}
                </th>
              </tr>
            </thead>
            <tbody>
              {group.namespaces.map((key) => {
                const namespace = inventory.namespaces?.get(key);
                const others = (inhabitants.get(key) ?? []).filter((one) => one.workload.id !== workload.id);
                return (
                  <tr key={key}>
                    <th scope="row">{namespace?.type ?? '–'}</th>
                    <td className={table.number}>
                      <Link className={table.link} href={namespaceHref(key)}>
                        {key.slice(key.indexOf('-') + 1)}
                      </Link>
                    </td>
                    <td className={table.soft}>
                      {namespace?.initial
                        ? t('hosts')
                        : others.length === 0
                          ? t('alone')
                          : t('shared', {
                              count: others.length,
                              names: others
                                .slice(0, 3)
                                .map((one) => one.workload.maker.name)
                                .join(', '),
                            })}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </TableScroll>
      ))}
      {workload.groupCount > workload.groups.length && (
        <p className={facts.soft}>{t('moreGroups', { count: workload.groupCount - workload.groups.length })}</p>
      )}
    </Section>
  );
}

/** A workload that is not ours to manage: what it uses, its processes, its namespaces, its cgroup. */
export function WorkloadPage({ administrator }: { administrator: boolean }) {
  const t = useTranslations('workload');
  const r = useTranslations('runtime');
  const format = useFormat();
  const { id: reference } = useParams<{ id: string }>();
  const id = decodeURIComponent(reference);
  const inventory = useInventory();
  const live = inventory.workloads.get(id);
  const last = useRef<Workload>(undefined);
  if (last.current?.id !== id) last.current = undefined;
  const workload = live ?? last.current;
  last.current = workload;
  const gone = inventory.namespaces !== undefined && live === undefined;
  const name = workload?.maker.name;
  useEffect(() => {
    if (name !== undefined) document.title = `${name} · Bulkhead`;
  }, [name]);
  if (workload === undefined)
    return (
      <>
        <PageHead title={gone ? t('unknown') : ' '} lead={<Link href="/containers">{t('back')}</Link>} />
        {gone ? (
          <Notice state="unknown" title={t('gone.title')}>
            {t('gone.what')}
          </Notice>
        ) : (
          <RowsSkeleton />
        )}
      </>
    );
  const { maker } = workload;
  return (
    <>
      <PageHead
        title={maker.name}
        state={<RuntimeBadge runtime={maker.runtime} />}
        lead={
          <>
            {t.rich('started', { time: () => <RelativeTime at={workload.startedAt} /> })} ·{' '}
            {t('processCount', { count: workload.processes })}
          </>
        }
      />
      <AwayNotice />
      <InventoryNotice inventory={inventory} of="workloads" />
      {gone && (
        <Notice state="unknown" title={t('gone.title')}>
          {t('gone.what')}
        </Notice>
      )}
      {administrator && <Use workload={workload} inventory={inventory} />}
      <div className={facts.columns}>
        <Section title={t('identity')}>
          <dl className={facts.list}>
            <Fact name={t('maker')}>{r(`what.${maker.runtime}`)}</Fact>
            {maker.nameMissing !== undefined && (
              <Fact name={t('name')}>
                <span className={facts.soft}>{t(`nameMissing.${maker.nameMissing}`)}</span>
              </Fact>
            )}
            {maker.image !== undefined && (
              <Fact name={t('image')}>
                <code>{maker.image}</code>
              </Fact>
            )}
            {maker.externalId !== undefined && (
              <Fact name={t('externalId')}>
                <code>{maker.externalId}</code>
              </Fact>
            )}
            {maker.instance !== undefined && <Fact name={t('instance')}>{maker.instance}</Fact>}
            <Fact name={t('leader')}>
              {workload.leader.pid} <code>{workload.leader.command}</code>
            </Fact>
            <Fact name={t('processes')}>{format.integer(workload.processes)}</Fact>
            <Fact name={t('cgroup')}>
              {administrator ? (
                <Link className={facts.link} href={cgroupHref(workload.cgroupPath)}>
                  <code>{workload.cgroupPath}</code>
                </Link>
              ) : (
                <code>{workload.cgroupPath}</code>
              )}
            </Fact>
          </dl>
        </Section>
      </div>
      {!gone && <Processes workload={workload} inventory={inventory} />}
      <Namespaces workload={workload} inventory={inventory} />
    </>
  );
}
