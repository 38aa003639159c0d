'use client';
import { Button, TextInput } from '@mantine/core';
import { useTranslations } from 'next-intl';
import { type FormEvent, useEffect, useState } from 'react';
import { TroubleNotice } from '../../components/trouble-notice.tsx';
import { createApiClient, type Trouble, troubleOf } from '../../lib/api.ts';
import { signIn } from '../session/auth-api.ts';
import css from '../session/form.module.css';
import { checkNewPassword, NewPassword, type PasswordFault } from './new-password.tsx';

/** Sets the password of the user whom a one-time link was made for, and signs in. */
export function LinkForm({ token }: { token: string }) {
  const t = useTranslations('setup');
  const [{ client }] = useState(() => createApiClient({ onOpen: () => undefined, onClose: () => undefined }));
  const [user, setUser] = useState<{ name: string; email: string; hasPassword: boolean }>();
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<Trouble>();
  const [fault, setFault] = useState<PasswordFault>();

  useEffect(() => {
    client.setup.openLink
      .mutate({ token })
      .then(setUser)
      .catch((failure) => setTrouble(troubleOf(failure)));
  }, [client, token]);

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const found = checkNewPassword(form);
    setFault(found);
    if (found !== undefined) return;
    setBusy(true);
    try {
      const password = String(form.get('password'));
      const { email } = await client.setup.setPassword.mutate({ token, password });
      const answer = await signIn(email, password);
      window.location.assign(answer.ok ? '/' : '/sign-in');
    } catch (failure) {
      setTrouble(troubleOf(failure));
      setBusy(false);
    }
  };

  return (
    <form className={css.form} onSubmit={submit}>
      <h1 className={css.title}>{t('link.title')}</h1>
      {trouble && <TroubleNotice trouble={trouble} />}
      {user && (
        <>
          <p className={css.lead}>{t(user.hasPassword ? 'link.lead' : 'link.leadFirst', { name: user.name })}</p>
          <TextInput type="email" label={t('email')} value={user.email} autoComplete="username" readOnly />
          <NewPassword fault={fault} autoFocus />
          <Button type="submit" loading={busy} fullWidth>
            {t('link.submit')}
          </Button>
        </>
      )}
    </form>
  );
}
