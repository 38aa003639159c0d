'use client';
import type { CgroupFile, CgroupNode } from '@bulkhead/model';
import { useQuery } from '@tanstack/react-query';
import { useParams } from 'next/navigation';
import { useTranslations } from 'next-intl';
import { type ReactNode, useEffect, useState } from 'react';
import facts from '../../components/facts.module.css';
import { Link } from '../../components/link.tsx';
import { RuntimeBadge } from '../../components/maker-badge.tsx';
import { NotMeasured, useFormat } from '../../components/measure.tsx';
import { Notice } from '../../components/notice.tsx';
import { PageHead, Section } from '../../components/page-head.tsx';
import { RowsSkeleton } from '../../components/rows-skeleton.tsx';
import { SearchField } from '../../components/search-field.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import { TroubleNotice } from '../../components/trouble-notice.tsx';
import { troubleOf, useTRPC } from '../../lib/api.ts';
import { AwayNotice } from '../live/away-notice.tsx';
import { workloadHref } from '../namespace/namespaces-url.ts';
import { useInventory } from '../namespace/use-inventory.ts';
import { CgroupCharts } from './cgroup-charts.tsx';
import css from './cgroups.module.css';
import { cgroupHref, pathOfSegments } from './cgroups-url.ts';
import { displayName } from './display-name.ts';
import { nameOf, parentOf } from './rows.ts';
import { useMissing } from './use-missing.ts';
import { useTree } from './use-tree.ts';

const refreshMsec = 5_000;

function Crumbs({ path }: { path: string }) {
  const t = useTranslations('cgroupPage');
  const parts: string[] = [];
  for (let at: string | undefined = path; at !== undefined; at = parentOf(at)) parts.unshift(at);
  return (
    <nav className={css.crumbs} aria-label={t('crumbs')}>
      <Link href="/cgroups">{t('all')}</Link>
      {parts.map((part) => (
        <span key={part}>
          <span aria-hidden="true">{part === '/' ? '· ' : parentOf(part) === '/' ? '' : '/ '}</span>
          <Link href={cgroupHref(part)} aria-current={part === path ? 'page' : undefined}>
            {nameOf(part)}
          </Link>
        </span>
      ))}
    </nav>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Limits({ node }: { node: CgroupNode }) {
  const t = useTranslations('cgroupPage');
  const l = useTranslations('limits');
  const format = useFormat();
  const { limits } = node;
  const told = (value: number | 'max' | undefined, text: (value: number) => string) =>
    value === undefined ? (
      <NotMeasured reason={t('limitUnknown')} />
    ) : value === 'max' ? (
      <span className={css.soft}>{l('none')}</span>
    ) : (
      text(value)
    );
  return (
    <dl className={facts.list}>
      <Fact name={l('cpu')}>{told(limits.cpuMaxMillis, (value) => format.cores(value).text)}</Fact>
      <Fact name={l('weight')}>{told(limits.cpuWeight, format.integer)}</Fact>
      <Fact name={l('memory')}>{told(limits.memoryMaxBytes, (value) => format.bytes(value).text)}</Fact>
      <Fact name={t('memoryHigh')}>{told(limits.memoryHighBytes, (value) => format.bytes(value).text)}</Fact>
      <Fact name={l('pids')}>{told(limits.pidsMax, format.integer)}</Fact>
    </dl>
  );
}

function Files({ files }: { files: readonly CgroupFile[] }) {
  const t = useTranslations('cgroupPage');
  const [search, setSearch] = useState('');
  const wanted = search.trim().toLowerCase();
  const shown = files.filter(
    ({ name, content }) => wanted === '' || name.includes(wanted) || content?.toLowerCase().includes(wanted) === true,
  );
  return (
    <Section title={t('files')} aside={t('filesCount', { count: files.length })}>
      <div className={css.toolbar}>
        <SearchField className={css.search} label={t('filesSearch')} value={search} onSearch={setSearch} />
      </div>
      {shown.length === 0 ? (
        <p className={css.soft}>{t('filesNothing')}</p>
      ) : (
        <dl className={css.files}>
          {shown.map(({ name, path, content, unreadable }) => (
            <div key={path} className={css.file}>
              <dt>
                <code>{name}</code>
                <span>{path.slice(0, path.lastIndexOf('/'))}</span>
              </dt>
              <dd>
                {content === undefined ? (
                  <span className={css.soft}>{unreadable ?? t('fileUnknown')}</span>
                ) : content.trim() === '' ? (
                  <span className={css.soft}>{t('fileEmpty')}</span>
                ) : (
                  <pre>{content.trimEnd()}</pre>
                )}
              </dd>
            </div>
          ))}
        </dl>
      )}
    </Section>
  );
}

/** One cgroup: what it uses over time, its limits, who lives in it, and the kernel's files as they stand. */
export function CgroupPage() {
  const t = useTranslations('cgroupPage');
  const { path: segments } = useParams<{ path?: string[] }>();
  const path = pathOfSegments(segments);
  const trpc = useTRPC();
  const tree = useTree();
  const missing = useMissing(tree);
  const { workloads } = useInventory();
  const node = tree.cgroups?.get(path);
  const gone = tree.cgroups !== undefined && node === undefined;
  const { data, error, refetch } = useQuery({
    ...trpc.cgroup.inspect.queryOptions({ path }),
    enabled: !gone,
    refetchInterval: refreshMsec,
  });
  useEffect(() => {
    document.title = `${nameOf(path)} · Bulkhead`;
  }, [path]);
  const below = [...(tree.cgroups?.keys() ?? [])].filter((other) => parentOf(other) === path).length;
  const living = [...workloads.values()].filter(
    ({ cgroupPath }) => path === '/' || cgroupPath === path || cgroupPath.startsWith(`${path}/`),
  );
  return (
    <>
      <PageHead
        title={node === undefined ? nameOf(path) : displayName(node).text}
        state={
          node && (
            <>
              <RuntimeBadge runtime={node.maker.runtime} />
              {node.frozen && <StateMark state="attention">{t('frozen')}</StateMark>}
            </>
          )
        }
        lead={<Crumbs path={path} />}
      />
      <AwayNotice />
      {tree.trouble && <TroubleNotice trouble={tree.trouble} />}
      {gone && (
        <Notice state="unknown" title={t('gone.title')}>
          {t('gone.what')}
        </Notice>
      )}
      <CgroupCharts path={path} node={node} missing={missing} gone={gone} />
      {node && (
        <div className={facts.columns}>
          <Section title={t('facts')}>
            <dl className={facts.list}>
              <Fact name={t('path')}>
                <code>{path}</code>
              </Fact>
              <Fact name={t('controllers')}>
                {node.controllers.length === 0 ? <span className={css.soft}>{t('noControllers')}</span> : node.controllers.join(' ')}
              </Fact>
              <Fact name={t('processes')}>
                {node.processes === undefined ? <NotMeasured reason={t('processesUnknown')} /> : node.processes}
              </Fact>
              <Fact name={t('below')}>
                {below === 0 ? (
                  <span className={css.soft}>{t('noneBelow')}</span>
                ) : (
                  <Link className={facts.link} href={`/cgroups?q=${encodeURIComponent(path)}`}>
                    {t('belowCount', { count: below })}
                  </Link>
                )}
              </Fact>
            </dl>
          </Section>
          <Section title={t('limits')}>
            <Limits node={node} />
          </Section>
          <Section title={t('living')} aside={t('livingCount', { count: living.length })}>
            {living.length === 0 ? (
              <p className={css.soft}>{t('nobody')}</p>
            ) : (
              <ul className={facts.plain}>
                {living.slice(0, 12).map((workload) => (
                  <li key={workload.id}>
                    <Link className={facts.link} href={workloadHref(workload)}>
                      {workload.maker.name}
                    </Link>{' '}
                    <RuntimeBadge runtime={workload.maker.runtime} />
                  </li>
                ))}
                {living.length > 12 && <li className={css.soft}>{t('livingMore', { count: living.length - 12 })}</li>}
              </ul>
            )}
          </Section>
        </div>
      )}
      {gone ? null : error && data === undefined ? (
        <TroubleNotice trouble={troubleOf(error)} retry={() => void refetch()} />
      ) : data === undefined ? (
        <RowsSkeleton rows={8} height={32} />
      ) : (
        <Files files={data.files} />
      )}
    </>
  );
}
