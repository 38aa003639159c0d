'use client';
import type { Namespace } from '@bulkhead/model';
import { IconBinaryTree2, IconCpu, IconFileDescription, IconHourglassEmpty, IconNeedleThread, IconPin } from '@tabler/icons-react';
import { useTranslations } from 'next-intl';
import { type Holder, holdersOf } from './holders.ts';
import css from './namespaces.module.css';

export const holderIcons = {
  processes: IconCpu,
  threads: IconNeedleThread,
  descriptor: IconFileDescription,
  mount: IconPin,
  child: IconBinaryTree2,
  nothing: IconHourglassEmpty,
} as const satisfies Record<Holder, unknown>;

/** What keeps a namespace, each kind with its number. */
export function HeldMark({ namespace }: { namespace: Namespace }) {
  const t = useTranslations('holder');
  const holders = holdersOf(namespace);
  if (holders.length === 0) return <span className={css.soft}>{t('nothing')}</span>;
  return (
    <span className={css.held}>
      {holders.map(({ holder, count }) => {
        const Icon = holderIcons[holder];
        const words = t(`count.${holder}`, { count });
        return (
          <span key={holder} className={css.holder} data-holder={holder} title={words}>
            <Icon size={14} stroke={1.75} aria-hidden="true" />
            <span aria-hidden="true">{count}</span>
            <span className="visually-hidden">{words}</span>
          </span>
        );
      })}
    </span>
  );
}
