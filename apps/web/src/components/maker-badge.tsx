'use client';
import type { Maker, Runtime } from '@bulkhead/model';
import { useTranslations } from 'next-intl';
import css from './maker-badge.module.css';

/** Whose work something is, in a word. Ours is set off; the others are told apart by their name. */
export function RuntimeBadge({ runtime, title }: { runtime: Runtime; title?: string | undefined }) {
  const t = useTranslations('runtime');
  return (
    <span className={css.badge} data-own={runtime === 'bulkhead'} title={title ?? t(`what.${runtime}`)}>
      {t(`name.${runtime}`)}
    </span>
  );
}

/** Name of what made something, with its runtime. */
export function MakerMark({ maker }: { maker: Maker }) {
  const t = useTranslations('runtime');
  const other = maker.instance === undefined ? undefined : t('ofInstance', { instance: maker.instance });
  return (
    <span className={css.maker}>
      <span className={css.name} title={maker.externalId ?? maker.name}>
        {maker.name}
      </span>
      <RuntimeBadge runtime={maker.runtime} title={other} />
    </span>
  );
}
