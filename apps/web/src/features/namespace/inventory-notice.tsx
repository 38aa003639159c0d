'use client';
import { useTranslations } from 'next-intl';
import { Notice } from '../../components/notice.tsx';
import { TroubleNotice } from '../../components/trouble-notice.tsx';
import type { Inventory } from './inventory-store.ts';

/** What could not be looked at, or only slowly, and why. Workloads are known without their descriptors. */
export function InventoryNotice({ inventory, of = 'namespaces' }: { inventory: Inventory; of?: 'namespaces' | 'workloads' }) {
  const t = useTranslations('inventory');
  const { unreadable, way, trouble } = inventory;
  const partial =
    unreadable !== undefined &&
    (unreadable.processes > 0 || (of === 'namespaces' && (unreadable.descriptors > 0 || unreadable.reasons.length > 0)));
  return (
    <>
      {trouble && <TroubleNotice trouble={trouble} />}
      {partial && (
        <Notice state="attention" title={t('partial')}>
          {unreadable.processes > 0 && <p>{t('processes', { count: unreadable.processes })}</p>}
          {unreadable.descriptors > 0 && <p>{t('descriptors', { count: unreadable.descriptors })}</p>}
          {unreadable.reasons.map((reason, index) => {
            const told = unreadable.told?.[index];
            return <p key={reason}>{told === undefined ? reason : t(`reason.${told.reason}`, { count: told.count })}</p>;
          })}
        </Notice>
      )}
      {of === 'namespaces' && way?.kind === 'proc' && (
        <Notice state="unknown" title={t('way.title')}>
          <p>{t('way.cost')}</p>
          {way.reason !== undefined && <p>{way.cause === undefined ? way.reason : t(`way.cause.${way.cause}`)}</p>}
        </Notice>
      )}
    </>
  );
}
