'use client';
import { Button, PasswordInput, TextInput } from '@mantine/core';
import { useSearchParams } from 'next/navigation';
import { useTranslations } from 'next-intl';
import { type FormEvent, useState } from 'react';
import { Notice } from '../../components/notice.tsx';
import { type AuthAnswer, signIn } from './auth-api.ts';
import css from './form.module.css';
import { returnPath } from './sign-in-url.ts';

export function SignInForm() {
  const t = useTranslations('signIn');
  const next = returnPath(useSearchParams().get('next'));
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Exclude<AuthAnswer, { ok: true }>>();

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    const answer = await signIn(String(form.get('email')), String(form.get('password')));
    if (answer.ok) {
      // A whole load, so that nothing of the page before lives on under the new session.
      window.location.assign(next);
      return;
    }
    setRefusal(answer);
    setBusy(false);
  };

  return (
    <form className={css.form} onSubmit={submit}>
      <h1 className={css.title}>{t('title')}</h1>
      {refusal && (
        <Notice state={refusal.reason === 'wrong' ? 'bad' : 'attention'} title={t(`refused.${refusal.reason}.title`)}>
          {refusal.reason === 'too-many'
            ? t('refused.too-many.what', { seconds: refusal.retryAfterSeconds ?? 60 })
            : t(`refused.${refusal.reason}.what`)}
        </Notice>
      )}
      <TextInput name="email" type="email" label={t('email')} autoComplete="username" required autoFocus />
      <PasswordInput
        name="password"
        label={t('password')}
        autoComplete="current-password"
        required
        visibilityToggleButtonProps={{ 'aria-label': t('showPassword') }}
      />
      <Button type="submit" loading={busy} fullWidth>
        {t('submit')}
      </Button>
      <p className={css.hint}>{t.rich('hint', { code: (text) => <code>{text}</code> })}</p>
    </form>
  );
}
