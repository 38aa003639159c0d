'use client';
import { ActionIcon, Button } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useTranslations } from 'next-intl';
import { Link } from '../../../components/link.tsx';
import { RuntimeBadge } from '../../../components/maker-badge.tsx';
import { HeldMark } from '../held-mark.tsx';
import { namespaceHref, workloadHref } from '../namespaces-url.ts';
import type { Room } from '../rooms.ts';
import css from './graph.module.css';

const mostInhabitants = 40;

/** Everything of the chosen room, and what can be done from here. */
export function RoomPanel({ room, focused, focus, close }: { room: Room; focused: boolean; focus(): void; close(): void }) {
  const t = useTranslations('graph');
  const n = useTranslations('namespacesPage');
  const { namespace, inhabitants } = room;
  return (
    <aside className={css.panel} aria-label={t('panel')}>
      <div className={css.panelHead}>
        <h2>{room.name}</h2>
        <RuntimeBadge runtime={room.runtime} />
        <ActionIcon variant="subtle" color="gray" size={28} aria-label={t('closePanel')} onClick={close}>
          <IconX size={16} aria-hidden="true" />
        </ActionIcon>
      </div>
      <dl className={css.panelFacts}>
        <div>
          <dt>{n('column.type')}</dt>
          <dd>
            {namespace.type} {namespace.ino}
          </dd>
        </div>
        <div>
          <dt>{n('column.held')}</dt>
          <dd>
            <HeldMark namespace={namespace} />
          </dd>
        </div>
        {namespace.leader && (
          <div>
            <dt>{n('column.leader')}</dt>
            <dd>
              {namespace.leader.pid} <code>{namespace.leader.command}</code>
            </dd>
          </div>
        )}
      </dl>
      <h3 className={css.panelTitle}>{t('inhabitants', { count: inhabitants.length })}</h3>
      {inhabitants.length === 0 ? (
        <p className={css.soft}>{n('nobody')}</p>
      ) : (
        <ul className={css.panelList}>
          {inhabitants.slice(0, mostInhabitants).map(({ workload, processes }) => (
            <li key={workload.id}>
              <Link href={workloadHref(workload)}>{workload.maker.name}</Link>
              <RuntimeBadge runtime={workload.maker.runtime} />
              <span className={css.soft}>{processes}</span>
            </li>
          ))}
          {inhabitants.length > mostInhabitants && (
            <li className={css.soft}>{t('others', { count: inhabitants.length - mostInhabitants })}</li>
          )}
        </ul>
      )}
      <div className={css.panelActions}>
        <Button component={Link} size="compact-sm" href={namespaceHref(room.key)}>
          {t('openPage')}
        </Button>
        <Button size="compact-sm" variant="default" onClick={focus}>
          {t(focused ? 'unfocus' : 'focus')}
        </Button>
      </div>
    </aside>
  );
}
