'use client';
import { Button } from '@mantine/core';
import { useTranslations } from 'next-intl';
import css from './fault.module.css';

export default function PageError({ error, reset }: { error: Error & { digest?: string }; reset: () => void }) {
  const t = useTranslations('pageError');
  return (
    <main className={css.page}>
      <h1>{t('title')}</h1>
      <p>{t('what')}</p>
      {error.digest && <p>{t.rich('reference', { id: error.digest, code: (text) => <code>{text}</code> })}</p>}
      <Button onClick={reset}>{t('retry')}</Button>
    </main>
  );
}
