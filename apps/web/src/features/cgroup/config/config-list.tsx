'use client';
import type { CgroupConfigEntry } from '@bulkhead/model';
import { Button } from '@mantine/core';
import { useTranslations } from 'next-intl';
import { useState } from 'react';
import { Link } from '../../../components/link.tsx';
import { Section } from '../../../components/page-head.tsx';
import { RowsSkeleton } from '../../../components/rows-skeleton.tsx';
import { StateMark } from '../../../components/state-mark.tsx';
import { RelativeTime } from '../../../components/time.tsx';
import { download } from '../../../lib/download.ts';
import { cgroupHref } from '../cgroups-url.ts';
import css from './config.module.css';
import { RemoveDialog } from './remove-dialog.tsx';

function Entry({ config, onEdit, onRemove }: { config: CgroupConfigEntry; onEdit(): void; onRemove(): void }) {
  const t = useTranslations('cgconfig');
  const { name, file, text, appliedAt, importedBy, trouble, made } = config;
  const inForce = appliedAt !== undefined && trouble === undefined;
  return (
    <li className={css.entry} data-config={name}>
      <div className={css.entryHead}>
        <strong>{name}</strong>
        <StateMark state={inForce ? 'good' : 'bad'}>{inForce ? t('list.inForce') : t('list.notInForce')}</StateMark>
        <span className={css.entryActions}>
          <Button size="compact-xs" variant="default" onClick={onEdit}>
            {t('list.edit')}
          </Button>
          <Button size="compact-xs" variant="default" onClick={() => download(`${name}.conf`, 'text/plain', text)}>
            {t('list.download')}
          </Button>
          <Button size="compact-xs" variant="default" onClick={onRemove}>
            {t('list.remove')}
          </Button>
        </span>
      </div>
      {trouble !== undefined && <p className={css.bad}>{trouble}</p>}
      <p className={css.soft}>
        <code>{file}</code>
        {appliedAt !== undefined && (
          <>
            {' '}
            · {t.rich('list.applied', { time: () => <RelativeTime at={appliedAt} /> })}
            {importedBy !== undefined && ` · ${t('list.by', { name: importedBy })}`}
          </>
        )}
      </p>
      {made.length > 0 && (
        <p className={css.made}>
          {made.map(({ path, controllers }) => (
            <Link key={path} href={cgroupHref(path)} className={css.link}>
              {path} <span className={css.soft}>{controllers.join(' ')}</span>
            </Link>
          ))}
        </p>
      )}
    </li>
  );
}

/** What is kept and applied after each boot. */
export function ConfigList({
  configs,
  failed,
  onEdit,
  onDone,
}: {
  configs: readonly CgroupConfigEntry[] | undefined;
  failed: boolean;
  onEdit(config: CgroupConfigEntry): void;
  onDone(): void;
}) {
  const t = useTranslations('cgconfig');
  const [removing, setRemoving] = useState<CgroupConfigEntry>();
  return (
    <Section title={t('list.title')}>
      {configs === undefined ? (
        !failed && <RowsSkeleton rows={2} height={56} />
      ) : configs.length === 0 ? (
        <p className={css.soft}>{t('list.none')}</p>
      ) : (
        <ul className={css.entries}>
          {configs.map((config) => (
            <Entry key={config.name} config={config} onEdit={() => onEdit(config)} onRemove={() => setRemoving(config)} />
          ))}
        </ul>
      )}
      {removing !== undefined && <RemoveDialog config={removing} close={() => setRemoving(undefined)} onDone={onDone} />}
    </Section>
  );
}
