'use client';
import type { CgroupNode } from '@bulkhead/model';
import { settingMeaning } from '@bulkhead/model/cgroup-text';
import { Button, Checkbox } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useLocale, useTranslations } from 'next-intl';
import { type FormEvent, useMemo, useState } from 'react';
import { Empty } from '../../../components/empty.tsx';
import { Notice } from '../../../components/notice.tsx';
import { Section } from '../../../components/page-head.tsx';
import { RowsSkeleton } from '../../../components/rows-skeleton.tsx';
import { SearchField } from '../../../components/search-field.tsx';
import { TroubleNotice } from '../../../components/trouble-notice.tsx';
import { troubleOf, useTRPC } from '../../../lib/api.ts';
import { useCgroupAct } from '../act/act-provider.tsx';
import { CgroupCpu, CgroupIo, CgroupMemory, CgroupPids } from '../cgroup-cells.tsx';
import { useCgroupWords } from '../use-cgroup-words.ts';
import type { useMissing } from '../use-missing.ts';
import { changesOf, type Draft, typed } from './draft.ts';
import { MissingSettings } from './missing-settings.tsx';
import { isWanted, settingsByController } from './setting-list.ts';
import { SettingRow } from './setting-row.tsx';
import css from './settings.module.css';

const refreshMsec = 5_000;
const liveUse = { cpu: CgroupCpu, memory: CgroupMemory, io: CgroupIo, pids: CgroupPids } as const;
const hasUse = (controller: string): controller is keyof typeof liveUse => controller in liveUse;

/** Every setting of a group in one vocabulary, with what it takes and who set it; changed in place, all or nothing. */
export function SettingsTab({ node, missing }: { node: CgroupNode; missing: ReturnType<typeof useMissing> }) {
  const t = useTranslations('cgroupSettings');
  const locale = useLocale();
  const words = useCgroupWords();
  const trpc = useTRPC();
  const ask = useCgroupAct();
  const { path } = node;
  const { data, error, refetch } = useQuery({ ...trpc.cgroup.settings.queryOptions({ path }), refetchInterval: refreshMsec });
  const [draft, setDraft] = useState<Draft>(new Map());
  const [search, setSearch] = useState('');
  const [changedAlone, setChangedAlone] = useState(false);
  const groups = useMemo(() => settingsByController(data?.settings ?? []), [data]);
  const authors = useMemo(() => new Map(data?.authors.map((author) => [author.key, author])), [data]);

  if (error && data === undefined) return <TroubleNotice trouble={words.trouble(troubleOf(error))} retry={() => void refetch()} />;
  if (data === undefined) return <RowsSkeleton rows={10} height={48} />;

  const all = groups.flatMap(({ offered }) => offered);
  const { changes, faults, enableControllers } = changesOf(all, draft);
  const shown = groups
    .map((group) => ({
      ...group,
      offered: group.offered.filter((each) =>
        isWanted(each, { search, changedAlone }, { meaning: settingMeaning(each.setting, locale), isDrafted: draft.has(each.setting.key) }),
      ),
      missing: changedAlone
        ? []
        : group.missing.filter((each) =>
            isWanted(each, { search, changedAlone: false }, { meaning: settingMeaning(each.setting, locale), isDrafted: false }),
          ),
    }))
    .filter(({ offered, missing: lacking }) => offered.length + lacking.length > 0);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (changes.length === 0 || faults > 0) return;
    ask({ deed: { verb: 'set', path, changes, enableControllers }, onDone: () => setDraft(new Map()) });
  };

  return (
    <form onSubmit={submit} noValidate>
      <div className={css.toolbar}>
        <SearchField className={css.search} label={t('search')} value={search} onSearch={setSearch} />
        <Checkbox
          size="xs"
          label={t('changedAlone')}
          checked={changedAlone}
          onChange={(event) => setChangedAlone(event.currentTarget.checked)}
        />
        <span className={css.count} aria-live="polite">
          {t('count', { count: shown.reduce((sum, { offered }) => sum + offered.length, 0) })}
        </span>
      </div>
      {path === '/' && (
        <Notice state="unknown" title={t('root.title')}>
          {t('root.what')}
        </Notice>
      )}
      {shown.length === 0 && <Empty title={t('nothing.title')}>{t('nothing.what')}</Empty>}
      {shown.some(({ offered }) => offered.length > 0) && (
        <div className={css.heads} aria-hidden="true">
          <span>{t('setting')}</span>
          <span>{t('value')}</span>
          <span>{t('takes')}</span>
          <span>{t('setBy')}</span>
        </div>
      )}
      {shown.map(({ controller, offered, missing: lacking }) => {
        const Use = hasUse(controller) ? liveUse[controller] : undefined;
        return (
          <Section
            key={controller}
            title={t(`controller.${controller}`)}
            aside={
              Use && (
                <span className={css.use}>
                  {t('useNow')} <Use node={node} missing={missing} />
                </span>
              )
            }
          >
            {offered.length > 0 && (
              <ul className={css.list} aria-label={t(`controller.${controller}`)} data-controller={controller}>
                {offered.map((each) => (
                  <SettingRow
                    key={each.setting.key}
                    shown={each}
                    text={draft.get(each.setting.key)}
                    author={authors.get(each.setting.key)}
                    devices={data.devices}
                    onText={(text) => setDraft((current) => typed(current, each, text))}
                  />
                ))}
              </ul>
            )}
            {lacking.length > 0 && <MissingSettings settings={lacking} isOpen={search !== ''} />}
          </Section>
        );
      })}
      {draft.size > 0 && (
        <div className={css.bar} data-drafted={draft.size}>
          <span aria-live="polite">
            {t('drafted', { count: draft.size })}
            {faults > 0 && <span className={css.bad}> {t('faults', { count: faults })}</span>}
          </span>
          <Button type="button" size="xs" variant="default" onClick={() => setDraft(new Map())}>
            {t('undo')}
          </Button>
          <Button type="submit" size="xs" disabled={changes.length === 0 || faults > 0}>
            {t('preview')}
          </Button>
        </div>
      )}
    </form>
  );
}
