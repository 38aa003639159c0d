'use client';
import { useSearchParams } from 'next/navigation';
import { useEffect, useState } from 'react';
import { LinkForm } from './link-form.tsx';
import { SetupForm } from './setup-form.tsx';

/** What a one-time link opens: the first administrator's set-up (`token`), or a user's password (`link`). */
export function SetupPage() {
  const parameters = useSearchParams();
  const [{ token, link }] = useState({ token: parameters.get('token') ?? '', link: parameters.get('link') ?? '' });

  useEffect(() => {
    // It opens this machine to whoever reads it: it leaves the address bar and the history at once.
    if (token !== '' || link !== '') window.history.replaceState(null, '', '/setup');
  }, [token, link]);

  return link === '' ? <SetupForm token={token} /> : <LinkForm token={link} />;
}
