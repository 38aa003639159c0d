'use client';
import { Button, Modal, PasswordInput } from '@mantine/core';
import { useTranslations } from 'next-intl';
import { type FormEvent, useState } from 'react';
import { Notice } from '../../components/notice.tsx';
import { changePassword } from './auth-api.ts';
import css from './form.module.css';

const passwordLength = 12;

export function PasswordDialog({ close }: { close(): void }) {
  const t = useTranslations('password');
  const [busy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<'changed' | 'wrong' | 'too-many' | 'unreachable'>();
  const [short, setShort] = useState(false);

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const wanted = String(form.get('new'));
    setShort(wanted.length < passwordLength);
    if (wanted.length < passwordLength) return;
    setBusy(true);
    const answer = await changePassword(String(form.get('current')), wanted);
    setOutcome(answer.ok ? 'changed' : answer.reason);
    setBusy(false);
  };
  const toggle = { 'aria-label': t('show') };
  return (
    <Modal opened onClose={close} title={t('title')} closeButtonProps={{ 'aria-label': t('close') }}>
      {outcome === 'changed' ? (
        <div className={css.form}>
          <Notice state="good" title={t('changed.title')}>
            {t('changed.what')}
          </Notice>
          <Button variant="default" onClick={close}>
            {t('close')}
          </Button>
        </div>
      ) : (
        <form className={css.form} onSubmit={submit}>
          {outcome && <Notice state="bad" title={t(`refused.${outcome}`)} />}
          <PasswordInput
            name="current"
            label={t('current')}
            autoComplete="current-password"
            required
            visibilityToggleButtonProps={toggle}
          />
          <PasswordInput
            name="new"
            label={t('new')}
            description={short ? undefined : t('rule', { count: passwordLength })}
            aria-invalid={short}
            error={short ? t('rule', { count: passwordLength }) : undefined}
            autoComplete="new-password"
            maxLength={128}
            required
            visibilityToggleButtonProps={toggle}
          />
          <Button type="submit" loading={busy}>
            {t('submit')}
          </Button>
        </form>
      )}
    </Modal>
  );
}
