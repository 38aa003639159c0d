'use client';
import { Button } from '@mantine/core';
import { useTranslations } from 'next-intl';
import type { Trouble } from '../lib/api.ts';
import { Notice } from './notice.tsx';

/** Servers speak in halves of sentences, as a command line prints them. */
export const asSentence = (text: string): string => {
  const end = /[.!?。！？]$/.test(text) ? '' : /[\p{Script=Han}）”]$/u.test(text) ? '。' : '.';
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${end}`;
};

/** What happened, why, what to do, and the reference that finds the log line. */
export function TroubleNotice({ trouble, retry }: { trouble: Trouble; retry?: () => void }) {
  const t = useTranslations('trouble');
  const state = trouble.problem === 'unavailable' || trouble.problem === undefined ? 'attention' : 'bad';
  const remedy = trouble.remedy ?? t(`remedy.${trouble.problem ?? 'offline'}`);
  return (
    <Notice
      state={state}
      title={t(`title.${trouble.problem ?? 'offline'}`)}
      action={
        retry && (
          <Button size="compact-sm" variant="default" onClick={retry}>
            {t('retry')}
          </Button>
        )
      }
    >
      {trouble.problem !== undefined && <p>{trouble.problem === 'internal' ? t('internal') : asSentence(trouble.message)}</p>}
      <p>{asSentence(remedy)}</p>
      {trouble.reference && <p>{t.rich('reference', { id: trouble.reference, code: (text) => <code>{text}</code> })}</p>}
    </Notice>
  );
}
