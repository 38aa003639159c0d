'use client';
import type { CgroupFile } from '@bulkhead/model';
import { useQuery } from '@tanstack/react-query';
import { useTranslations } from 'next-intl';
import { useState } from 'react';
import { Section } from '../../components/page-head.tsx';
import { RowsSkeleton } from '../../components/rows-skeleton.tsx';
import { SearchField } from '../../components/search-field.tsx';
import { TroubleNotice } from '../../components/trouble-notice.tsx';
import { troubleOf, useTRPC } from '../../lib/api.ts';
import css from './cgroups.module.css';

const refreshMsec = 5_000;

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

/** The kernel's files of a cgroup as they stand. */
export function FilesTab({ path }: { path: string }) {
  const trpc = useTRPC();
  const { data, error, refetch } = useQuery({ ...trpc.cgroup.inspect.queryOptions({ path }), refetchInterval: refreshMsec });
  if (error && data === undefined) return <TroubleNotice trouble={troubleOf(error)} retry={() => void refetch()} />;
  return data === undefined ? <RowsSkeleton rows={8} height={32} /> : <Files files={data.files} />;
}
