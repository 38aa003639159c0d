'use client';
import { useTranslations } from 'next-intl';
import { useFormat } from '../../components/measure.tsx';
import { Notice } from '../../components/notice.tsx';
import css from './cgroups.module.css';
import type { Tree } from './tree-store.ts';

/** What of the tree could not be read, and why. */
export function GapsNotice({ tree }: { tree: Tree }) {
  const t = useTranslations('cgroup.gaps');
  const format = useFormat();
  const { gaps } = tree;
  if (gaps === undefined) return null;
  const partial = gaps.cgroups > 0 || gaps.leftOut > 0 || gaps.lateSeconds !== undefined;
  if (!partial && gaps.reasons.length === 0) return null;
  return (
    <Notice state={partial ? 'attention' : 'unknown'} title={partial ? t('partial') : t('uncounted')}>
      {gaps.cgroups > 0 && <p>{t('unreadable', { count: gaps.cgroups })}</p>}
      {gaps.lateSeconds !== undefined && <p>{t('late', { seconds: format.integer(gaps.lateSeconds) })}</p>}
      {gaps.leftOut > 0 && (
        <>
          <p>{t('leftOut', { count: format.integer(gaps.leftOut), most: format.integer(tree.cgroups?.size ?? 0) })}</p>
          <ul className={css.places}>
            {gaps.leftOutBelow.map(({ path, count }) => (
              <li key={path}>{t.rich('leftOutBelow', { count: format.integer(count), path: () => <code>{path}</code> })}</li>
            ))}
          </ul>
        </>
      )}
      {gaps.reasons.map((reason) => (
        <p key={reason}>{t(`reason.${reason}`)}</p>
      ))}
    </Notice>
  );
}
