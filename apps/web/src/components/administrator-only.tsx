import { getTranslations } from 'next-intl/server';
import type { ReactNode } from 'react';
import { readSession } from '../lib/session.ts';
import { Notice } from './notice.tsx';
import { PageHead } from './page-head.tsx';

/** A courtesy, no protection: what such a page would show is refused to others by every call of it. */
export async function AdministratorOnly({ children }: { children: ReactNode }) {
  const { tenants } = await readSession();
  if (tenants === 'all') return children;
  const t = await getTranslations('administratorOnly');
  return (
    <>
      <PageHead title={t('title')} />
      <Notice state="unknown" title={t('what')}>
        {t('why')}
      </Notice>
    </>
  );
}
