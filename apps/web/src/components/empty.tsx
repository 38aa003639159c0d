'use client';
import { ActionIcon, CopyButton } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { useTranslations } from 'next-intl';
import type { ReactNode } from 'react';
import css from './empty.module.css';

/** What this is, why there is nothing, and the one command that changes it. */
export function Empty({ title, children, command, action }: { title: string; children: ReactNode; command?: string; action?: ReactNode }) {
  const t = useTranslations('empty');
  return (
    <div className={css.empty}>
      <h2 className={css.title}>{title}</h2>
      <div className={css.text}>{children}</div>
      {command && (
        <div className={css.command}>
          <code>{command}</code>
          <CopyButton value={command}>
            {({ copied, copy }) => (
              <ActionIcon variant="subtle" color="gray" size={28} onClick={copy} aria-label={copied ? t('copied') : t('copy')}>
                {copied ? <IconCheck size={16} aria-hidden="true" /> : <IconCopy size={16} aria-hidden="true" />}
              </ActionIcon>
            )}
          </CopyButton>
        </div>
      )}
      {action}
    </div>
  );
}
