'use client';
import type { Namespace, NamespaceProcess } from '@bulkhead/model';
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useParams, useSearchParams } from 'next/navigation';
import { useTranslations } from 'next-intl';
import { type ReactNode, useEffect, useRef } from 'react';
import facts from '../../components/facts.module.css';
import { Link } from '../../components/link.tsx';
import { RuntimeBadge } from '../../components/maker-badge.tsx';
import { NotMeasured, useFormat } from '../../components/measure.tsx';
import { Notice } from '../../components/notice.tsx';
import { PageHead, Section } from '../../components/page-head.tsx';
import { RowsSkeleton } from '../../components/rows-skeleton.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import { RelativeTime } from '../../components/time.tsx';
import { TroubleNotice } from '../../components/trouble-notice.tsx';
import { troubleOf, useTRPC } from '../../lib/api.ts';
import { TranscriptView } from '../event/transcript-view.tsx';
import { AwayNotice } from '../live/away-notice.tsx';
import { isEmpty, mainHolder } from './holders.ts';
import { namespaceHref, workloadHref } from './namespaces-url.ts';
import { ProcessTable } from './process-table.tsx';
import { nestedTypes } from './rooms.ts';
import { useInventory } from './use-inventory.ts';

const refreshMsec = 5_000;

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Other({ namespaceKey, namespaces }: { namespaceKey: string; namespaces: ReadonlyMap<string, Namespace> | undefined }) {
  const other = namespaces?.get(namespaceKey);
  return (
    <>
      <Link className={facts.link} href={namespaceHref(namespaceKey)}>
        {namespaceKey.slice(namespaceKey.indexOf('-') + 1)}
      </Link>
      {other && <span className={facts.soft}> {other.maker.name}</span>}
    </>
  );
}

/** One namespace: who made it, where it belongs, what keeps it, who lives in it, and how that was found. */
export function NamespacePage() {
  const t = useTranslations('namespacePage');
  const h = useTranslations('holder');
  const k = useTranslations('namespaces.kind');
  const format = useFormat();
  const { key } = useParams<{ key: string }>();
  const params = useSearchParams();
  const trpc = useTRPC();
  const inventory = useInventory();
  const live = inventory.namespaces?.get(key);
  const gone = inventory.namespaces !== undefined && live === undefined;
  const { data, error, refetch } = useQuery({
    ...trpc.namespace.inspect.queryOptions({ key }),
    enabled: !gone,
    refetchInterval: refreshMsec,
    retry: false,
  });
  // What is shown last stays when it goes.
  const last = useRef<Namespace>(undefined);
  const namespace = live ?? data?.namespace ?? last.current;
  last.current = namespace;
  const title = namespace?.maker.name;
  useEffect(() => {
    if (title !== undefined && namespace !== undefined) document.title = `${title} · ${namespace.type} · Bulkhead`;
  }, [title, namespace]);

  if (namespace === undefined)
    return (
      <>
        <PageHead title={error || gone ? t('unknown') : ' '} lead={<Link href="/namespaces">{t('back')}</Link>} />
        {gone ? (
          <Notice state="unknown" title={t('gone.title')}>
            {t('gone.what')}
          </Notice>
        ) : error ? (
          <TroubleNotice trouble={troubleOf(error)} retry={() => void refetch()} />
        ) : (
          <RowsSkeleton />
        )}
      </>
    );
  const { holders, maker } = namespace;
  const children = [...(inventory.namespaces?.values() ?? [])].filter(({ parent, owner }) => parent === key || owner === key);
  const searched = new URLSearchParams(params);
  return (
    <>
      <PageHead
        title={maker.name}
        state={
          <>
            <RuntimeBadge runtime={maker.runtime} />
            {gone ? (
              <StateMark state="unknown">{t('gone.word')}</StateMark>
            ) : isEmpty(namespace) ? (
              <StateMark state="attention">{h(`only.${mainHolder(namespace)}`)}</StateMark>
            ) : null}
          </>
        }
        lead={
          <>
            {namespace.type} · {namespace.ino} · {k(namespace.type)}
          </>
        }
        actions={
          <Button
            component={Link}
            size="xs"
            variant="default"
            href={`/namespaces?${new URLSearchParams({ ...Object.fromEntries(searched), view: 'graph', type: namespace.type, room: key, focus: key })}`}
          >
            {t('inGraph')}
          </Button>
        }
      />
      <AwayNotice />
      {gone && (
        <Notice state="unknown" title={t('gone.title')}>
          {t('gone.what')}
        </Notice>
      )}
      <div className={facts.columns}>
        <Section title={t('identity')}>
          <dl className={facts.list}>
            <Fact name={t('maker')}>
              {maker.containerId === undefined ? (
                maker.name
              ) : (
                <Link className={facts.link} href={`/containers/${maker.containerId}`}>
                  {maker.name}
                </Link>
              )}{' '}
              <RuntimeBadge runtime={maker.runtime} />
            </Fact>
            {maker.externalId !== undefined && (
              <Fact name={t('externalId')}>
                <code>{maker.externalId}</code>
              </Fact>
            )}
            <Fact name={t('device')}>{namespace.dev}</Fact>
            <Fact name={t('inode')}>{namespace.ino}</Fact>
            <Fact name={t('whose')}>{namespace.initial ? t('hosts') : t('own')}</Fact>
            <Fact name={t('owner')}>
              {namespace.owner === undefined ? (
                <NotMeasured reason={namespace.type === 'user' && namespace.initial ? t('noOwner') : t('ownerUnknown')} />
              ) : (
                <Other namespaceKey={namespace.owner} namespaces={inventory.namespaces} />
              )}
            </Fact>
            {nestedTypes.has(namespace.type) && (
              <Fact name={t('parent')}>
                {namespace.parent === undefined ? (
                  <NotMeasured reason={namespace.initial ? t('outermost') : t('parentUnknown')} />
                ) : (
                  <Other namespaceKey={namespace.parent} namespaces={inventory.namespaces} />
                )}
              </Fact>
            )}
            {namespace.ownerUid !== undefined && <Fact name={t('ownerUid')}>{namespace.ownerUid}</Fact>}
            <Fact name={t('seen')}>
              <RelativeTime at={namespace.firstSeenAt} />
            </Fact>
          </dl>
        </Section>
        <Section title={t('holders')}>
          <dl className={facts.list}>
            <Fact name={h('name.processes')}>{format.integer(holders.processes)}</Fact>
            <Fact name={h('name.threads')}>{format.integer(holders.threads)}</Fact>
            <Fact name={h('name.descriptor')}>
              {holders.descriptorCount === 0 ? (
                format.integer(0)
              ) : (
                <ul className={facts.plain}>
                  {holders.descriptors.map(({ process, fd }) => (
                    <li key={`${process.pid} ${fd}`}>
                      {t('descriptorOf', { fd, pid: process.pid })} <code>{process.command}</code>
                    </li>
                  ))}
                  {holders.descriptorCount > holders.descriptors.length && (
                    <li className={facts.soft}>{t('more', { count: holders.descriptorCount - holders.descriptors.length })}</li>
                  )}
                </ul>
              )}
            </Fact>
            <Fact name={h('name.mount')}>
              {holders.mountCount === 0 ? (
                format.integer(0)
              ) : (
                <ul className={facts.plain}>
                  {[...Map.groupBy(holders.mounts, ({ path }) => path)].map(([path, places]) => (
                    <li key={path}>
                      <code>{path}</code>
                      {places.length > 1 && <span className={facts.soft}> {t('mountedIn', { count: places.length })}</span>}
                    </li>
                  ))}
                  {holders.mountCount > holders.mounts.length && (
                    <li className={facts.soft}>{t('more', { count: holders.mountCount - holders.mounts.length })}</li>
                  )}
                </ul>
              )}
            </Fact>
            <Fact name={h('name.child')}>
              {children.length === 0 ? (
                format.integer(holders.children)
              ) : (
                <ul className={facts.plain}>
                  {children.slice(0, 8).map((child) => (
                    <li key={child.key}>
                      {child.type} <Other namespaceKey={child.key} namespaces={inventory.namespaces} />
                    </li>
                  ))}
                  {holders.children > 8 && <li className={facts.soft}>{t('more', { count: holders.children - 8 })}</li>}
                </ul>
              )}
            </Fact>
          </dl>
        </Section>
        <Section title={t('workloads')}>
          {data === undefined || data.workloads.length === 0 ? (
            <p className={facts.soft}>{data === undefined ? t('notYet') : t('nobody')}</p>
          ) : (
            <ul className={facts.plain}>
              {data.workloads.slice(0, 16).map((workload) => (
                <li key={workload.id}>
                  <Link className={facts.link} href={workloadHref(workload)}>
                    {workload.maker.name}
                  </Link>{' '}
                  <RuntimeBadge runtime={workload.maker.runtime} />
                </li>
              ))}
              {data.workloads.length > 16 && <li className={facts.soft}>{t('more', { count: data.workloads.length - 16 })}</li>}
            </ul>
          )}
        </Section>
      </div>
      {!gone && error && <TroubleNotice trouble={troubleOf(error)} retry={() => void refetch()} />}
      {!gone && data === undefined && !error && <RowsSkeleton />}
      {data !== undefined && (
        <>
          <Section title={t('members')}>
            {data.processes.length === 0 ? (
              <p className={facts.soft}>{t('noMembers')}</p>
            ) : (
              <ProcessTable
                table="namespace-processes"
                processes={data.processes satisfies NamespaceProcess[]}
                workloads={inventory.workloads}
                whole={data.processCount}
              />
            )}
          </Section>
          <Section title={t('transcript')} aside={t('transcriptWhat')}>
            <TranscriptView transcript={data.transcript} />
          </Section>
        </>
      )}
    </>
  );
}
