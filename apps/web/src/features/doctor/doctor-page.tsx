'use client';
import type { DoctorState } from '@bulkhead/model';
import { Button, NativeSelect } from '@mantine/core';
import { IconRefresh } from '@tabler/icons-react';
import { useSearchParams } from 'next/navigation';
import { useTranslations } from 'next-intl';
import { Empty } from '../../components/empty.tsx';
import { PageHead, Section } from '../../components/page-head.tsx';
import { RowsSkeleton } from '../../components/rows-skeleton.tsx';
import { SearchField } from '../../components/search-field.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import { RelativeTime } from '../../components/time.tsx';
import { TroubleNotice } from '../../components/trouble-notice.tsx';
import { troubleOf } from '../../lib/api.ts';
import { doctorStates, known } from '../../lib/known.ts';
import { setParameter } from '../../lib/url.ts';
import { AwayNotice } from '../live/away-notice.tsx';
import css from './doctor.module.css';
import { byGroup, needsAttention } from './findings.ts';
import { useDoctor } from './use-doctor.ts';
import { useDoctorWords } from './use-doctor-words.ts';

/** What this host has and lacks, what that costs, and what to do about it. */
export function DoctorPage() {
  const t = useTranslations('doctor');
  const words = useDoctorWords();
  const params = useSearchParams();
  const { data, error, refetch, isFetching } = useDoctor();
  const search = params.get('q') ?? '';
  const state = known(doctorStates, params.get('state'));
  const wanted = search.trim().toLowerCase();
  const checks = data?.checks ?? [];
  const shown = checks.filter(
    (check) =>
      (state === undefined || check.state === state) &&
      (wanted === '' ||
        [
          check.id,
          words.title(check),
          ...[check.found, check.cost, check.remedy].flatMap((text) => (text === undefined ? [] : [words.tell(text)])),
        ]
          .join(' ')
          .toLowerCase()
          .includes(wanted)),
  );
  const count = (of: DoctorState) => checks.filter((check) => check.state === of).length;
  const troubled = checks.filter(needsAttention).length;
  return (
    <>
      <PageHead
        title={t('title')}
        state={
          data && (
            <StateMark state={count('bad') > 0 ? 'bad' : troubled > 0 ? 'attention' : 'good'}>
              {troubled === 0 ? t('allGood') : t('troubled', { count: troubled })}
            </StateMark>
          )
        }
        lead={data ? t.rich('at', { time: () => <RelativeTime at={data.at} /> }) : ' '}
        actions={
          <Button
            size="xs"
            variant="default"
            loading={isFetching && data !== undefined}
            leftSection={<IconRefresh size={14} aria-hidden="true" />}
            onClick={() => void refetch()}
          >
            {t('again')}
          </Button>
        }
      />
      <AwayNotice />
      {error && <TroubleNotice trouble={troubleOf(error)} retry={() => void refetch()} />}
      <div className={css.toolbar}>
        <SearchField className={css.search} label={t('search')} value={search} onSearch={(text) => setParameter('q', text, 'replace')} />
        <NativeSelect
          size="xs"
          aria-label={t('state.label')}
          value={state ?? ''}
          onChange={(event) => setParameter('state', event.currentTarget.value, 'push')}
          data={[
            { value: '', label: t('state.all') },
            ...doctorStates.map((value) => ({ value, label: `${words.state(value)} (${count(value)})` })),
          ]}
        />
      </div>
      {data === undefined ? (
        error === null && <RowsSkeleton rows={10} height={48} />
      ) : shown.length === 0 ? (
        <Empty title={t('nothing.title')}>{t('nothing.what')}</Empty>
      ) : (
        byGroup(shown).map(({ group, checks: own }) => (
          <Section key={group} title={words.group(group)}>
            <ul className={css.checks}>
              {own.map((check) => (
                <li key={check.id} className={css.check} id={check.id} data-check={check.id} data-state={check.state}>
                  <div className={css.state}>
                    <StateMark state={check.state}>{words.state(check.state)}</StateMark>
                  </div>
                  <div className={css.body}>
                    <h3 className={css.title}>
                      {words.title(check)} <code className={css.id}>{check.id}</code>
                    </h3>
                    <p className={css.found}>{words.tell(check.found)}</p>
                    {check.cost !== undefined && (
                      <p>
                        <span className={css.word}>{t('cost')}</span> {words.tell(check.cost)}
                      </p>
                    )}
                    {check.remedy !== undefined && (
                      <p>
                        <span className={css.word}>{t('remedy')}</span> {words.tell(check.remedy)}
                      </p>
                    )}
                  </div>
                </li>
              ))}
            </ul>
          </Section>
        ))
      )}
    </>
  );
}
