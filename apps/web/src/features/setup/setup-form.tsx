'use client';
import { Button, TextInput } from '@mantine/core';
import { useRouter } from 'next/navigation';
import { useTranslations } from 'next-intl';
import { type FormEvent, useEffect, useState } from 'react';
import { Notice } from '../../components/notice.tsx';
import { TroubleNotice } from '../../components/trouble-notice.tsx';
import { createApiClient, type Trouble, troubleOf } from '../../lib/api.ts';
import { signIn } from '../session/auth-api.ts';
import css from '../session/form.module.css';
import { checkNewPassword, NewPassword, type PasswordFault } from './new-password.tsx';

/** Enough to tell a slip beside the field; whether it is an address the server decides. */
const looksLikeEmail = (text: string): boolean => /^[^\s@]+@[^\s@]+$/.test(text);

/** Makes the first administrator. @param token of the link that `up` printed; empty where the page was opened without */
export function SetupForm({ token }: { token: string }) {
  const t = useTranslations('setup');
  const router = useRouter();
  const [{ client }] = useState(() => createApiClient({ onOpen: () => undefined, onClose: () => undefined }));
  const [needed, setNeeded] = useState<boolean>();
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<Trouble>();
  const [fault, setFault] = useState<PasswordFault>();
  const [missing, setMissing] = useState({ name: false, email: false });

  useEffect(() => {
    client.setup.state
      .query()
      .then((state) => setNeeded(state.needed))
      .catch((failure) => setTrouble(troubleOf(failure)));
  }, [client]);

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string) => String(form.get(name));
    const found = checkNewPassword(form);
    const lacking = { name: text('name').trim() === '', email: !looksLikeEmail(text('email').trim()) };
    setFault(found);
    setMissing(lacking);
    if (found !== undefined || lacking.name || lacking.email) return;
    setBusy(true);
    try {
      const password = text('password');
      const email = text('email').trim();
      await client.setup.complete.mutate({ token, name: text('name').trim(), email, password });
      const answer = await signIn(email, password);
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
    <form className={css.form} onSubmit={submit} noValidate>
      <h1 className={css.title}>{t('title')}</h1>
      <p className={css.lead}>{t('lead')}</p>
      {trouble && <TroubleNotice trouble={trouble} />}
      <TextInput
        name="name"
        label={t('name')}
        autoComplete="name"
        maxLength={100}
        required
        autoFocus
        aria-invalid={missing.name}
        error={missing.name ? t('nameMissing') : undefined}
      />
      <TextInput
        name="email"
        type="email"
        label={t('email')}
        autoComplete="username"
        maxLength={254}
        required
        aria-invalid={missing.email}
        error={missing.email ? t('emailWrong') : undefined}
      />
      <NewPassword fault={fault} />
      <Button type="submit" loading={busy} fullWidth>
        {t('submit')}
      </Button>
    </form>
  );
}
