'use client';
import type { EventKind } from '@bulkhead/model';
import { NativeSelect, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useSearchParams } from 'next/navigation';
import { useTranslations } from 'next-intl';
import { type FormEvent, useState } from 'react';
import { ColumnMenu } from '../../components/data-table.tsx';
import { PageHead } from '../../components/page-head.tsx';
import { useColumnChoice } from '../../components/use-column-choice.ts';
import { setParameter } from '../../lib/url.ts';
import { AwayNotice } from '../live/away-notice.tsx';
import { eventWords } from './event-words.ts';
import css from './events.module.css';
import { EventsView } from './events-view.tsx';

const kinds = Object.keys(eventWords) as EventKind[];

export function EventsPage() {
  const t = useTranslations('events');
  const w = useTranslations('eventKind');
  const params = useSearchParams();
  const kind = kinds.find((candidate) => candidate === params.get('kind'));
  const container = params.get('container') ?? undefined;
  const choice = useColumnChoice('events', []);
  const columns = (['container', 'tenant', 'who', 'detail'] as const).map((id) => ({ id, heading: t(`column.${id}`) }));
  const [typed, setTyped] = useState(container ?? '');
  const search = (event: FormEvent) => {
    event.preventDefault();
    setParameter('container', typed.trim() || undefined, 'push');
  };
  return (
    <>
      <PageHead title={t('title')} />
      <AwayNotice />
      <form className={css.toolbar} onSubmit={search}>
        <TextInput
          type="search"
          size="xs"
          aria-label={t('filter.container')}
          placeholder={t('filter.container')}
          leftSection={<IconSearch size={14} aria-hidden="true" />}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          onBlur={() => typed.trim() !== (container ?? '') && setParameter('container', typed.trim() || undefined, 'push')}
          maxLength={63}
        />
        <NativeSelect
          className={css.kind ?? ''}
          size="xs"
          aria-label={t('filter.kind')}
          value={kind ?? ''}
          onChange={(event) => setParameter('kind', event.currentTarget.value || undefined, 'push')}
          data={[{ value: '', label: t('filter.allKinds') }, ...kinds.map((value) => ({ value, label: w(eventWords[value]) }))]}
        />
        <div className={css.columns}>
          <ColumnMenu columns={columns} choice={choice} />
        </div>
      </form>
      <EventsView filter={{ kind, container }} hidden={choice.hidden} />
    </>
  );
}
