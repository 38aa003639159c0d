'use client';
import type { CgroupConfigEntry } from '@bulkhead/model';
import { useQuery } from '@tanstack/react-query';
import { useTranslations } from 'next-intl';
import { useRef, useState } from 'react';
import { PageHead } from '../../../components/page-head.tsx';
import { TroubleNotice } from '../../../components/trouble-notice.tsx';
import { troubleOf, useTRPC } from '../../../lib/api.ts';
import { AwayNotice } from '../../live/away-notice.tsx';
import { ConfigExport } from './config-export.tsx';
import { ConfigImport } from './config-import.tsx';
import { ConfigList } from './config-list.tsx';
import type { ConfigDraft } from './draft.ts';

/** Configurations in the form of libcgroup: looked at, applied and kept, taken back, made of what is there. */
export function ConfigsPage() {
  const t = useTranslations('cgconfig');
  const trpc = useTRPC();
  const { data, error, refetch } = useQuery({ ...trpc.cgroup.listConfigs.queryOptions({}), retry: false });
  const [draft, setDraft] = useState<ConfigDraft>({ name: 'cgconfig', text: '' });
  const top = useRef<HTMLDivElement>(null);
  const edit = ({ name, text }: CgroupConfigEntry) => {
    setDraft({ name, text });
    top.current?.scrollIntoView();
  };
  const [revision, setRevision] = useState(0);
  const reload = () => {
    setRevision((count) => count + 1);
    void refetch();
  };
  return (
    <div ref={top}>
      <PageHead title={t('title')} lead={t('lead')} />
      <AwayNotice />
      <ConfigImport draft={draft} revision={revision} onDraft={setDraft} onDone={reload} />
      {error && <TroubleNotice trouble={troubleOf(error)} retry={reload} />}
      <ConfigList configs={data} failed={error !== null} onEdit={edit} onDone={reload} />
      <ConfigExport />
    </div>
  );
}
