'use client';
import { Button, PasswordInput, TextInput } from '@mantine/core';
import { useRouter, useSearchParams } from 'next/navigation';
import { useTranslations } from 'next-intl';
import { type FormEvent, useEffect, useState } from 'react';
import { Notice } from '../../components/notice.tsx';
import { TroubleNotice } from '../../components/trouble-notice.tsx';
import { createApiClient, type Trouble, troubleOf } from '../../lib/api.ts';
import { signIn } from '../session/auth-api.ts';
import css from '../session/form.module.css';

const passwordLength = 12;

export function SetupForm() {
  const t = useTranslations('setup');
  const router = useRouter();
  const parameter = useSearchParams().get('token');
  const [token, setToken] = useState(parameter ?? '');
  const [{ client }] = useState(() => createApiClient({ onOpen: () => undefined, onClose: () => undefined }));
  const [needed, setNeeded] = useState<boolean>();
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<Trouble>();
  const [mismatch, setMismatch] = useState<'short' | 'different'>();

  useEffect(() => {
    // The link opens this machine to whoever reads it: it leaves the address bar and the history at once.
    if (parameter !== null) {
      setToken(parameter);
      window.history.replaceState(null, '', '/setup');
    }
    client.setup.state
      .query()
      .then((state) => setNeeded(state.needed))
      .catch((failure) => setTrouble(troubleOf(failure)));
  }, [client, parameter]);

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string) => String(form.get(name));
    const password = text('password');
    if (password.length < passwordLength) return setMismatch('short');
    if (password !== text('repeat')) return setMismatch('different');
    setMismatch(undefined);
    setBusy(true);
    try {
      await client.setup.complete.mutate({ token, name: text('name'), email: text('email'), password });
      const answer = await signIn(text('email'), password);
      window.location.assign(answer.ok ? '/' : '/sign-in');
    } catch (failure) {
      setTrouble(troubleOf(failure));
      setBusy(false);
    }
  };

  if (needed === false)
    return (
      <div className={css.form}>
        <h1 className={css.title}>{t('done.title')}</h1>
        <p>{t('done.what')}</p>
        <Button onClick={() => router.push('/sign-in')}>{t('done.signIn')}</Button>
      </div>
    );

  if (token === '')
    return (
      <div className={css.form}>
        <h1 className={css.title}>{t('title')}</h1>
        <Notice state="attention" title={t('noToken.title')}>
          {t.rich('noToken.what', { code: (words) => <code>{words}</code> })}
        </Notice>
      </div>
    );

  return (
    <form className={css.form} onSubmit={submit}>
      <h1 className={css.title}>{t('title')}</h1>
      <p className={css.lead}>{t('lead')}</p>
      {trouble && <TroubleNotice trouble={trouble} />}
      <TextInput name="name" label={t('name')} autoComplete="name" maxLength={100} required autoFocus />
      <TextInput name="email" type="email" label={t('email')} autoComplete="username" maxLength={254} required />
      <PasswordInput
        name="password"
        label={t('password')}
        description={mismatch === 'short' ? undefined : t('passwordRule', { count: passwordLength })}
        aria-invalid={mismatch === 'short'}
        autoComplete="new-password"
        maxLength={128}
        required
        error={mismatch === 'short' ? t('passwordRule', { count: passwordLength }) : undefined}
        visibilityToggleButtonProps={{ 'aria-label': t('showPassword') }}
      />
      <PasswordInput
        name="repeat"
        label={t('repeat')}
        autoComplete="new-password"
        maxLength={128}
        required
        aria-invalid={mismatch === 'different'}
        error={mismatch === 'different' ? t('different') : undefined}
        visibilityToggleButtonProps={{ 'aria-label': t('showPassword') }}
      />
      <Button type="submit" loading={busy} fullWidth>
        {t('submit')}
      </Button>
    </form>
  );
}
