'use client';
import type { SessionView } from '@bulkhead/api';
import { Menu, SegmentedControl, useMantineColorScheme } from '@mantine/core';
import { IconDeviceDesktop, IconLogout, IconMoon, IconSun } from '@tabler/icons-react';
import dynamic from 'next/dynamic';
import { useTranslations } from 'next-intl';
import { useState } from 'react';
import { signOut } from '../features/session/auth-api.ts';
import { AccountTarget } from './menu-targets.tsx';
import css from './shell.module.css';

const PasswordDialog = dynamic(() => import('../features/session/password-dialog.tsx').then((module) => module.PasswordDialog), {
  ssr: false,
});

function ThemeControl() {
  const t = useTranslations('shell');
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const option = (value: 'light' | 'dark' | 'auto', Icon: typeof IconSun) => ({
    value,
    label: (
      <span className={css.themeOption} title={t(`theme.${value}`)}>
        <Icon size={16} aria-hidden="true" />
        <span className="visually-hidden">{t(`theme.${value}`)}</span>
      </span>
    ),
  });
  return (
    <SegmentedControl
      size="xs"
      fullWidth
      aria-label={t('theme.label')}
      value={colorScheme}
      onChange={(value) => setColorScheme(value as 'light' | 'dark' | 'auto')}
      data={[option('light', IconSun), option('dark', IconMoon), option('auto', IconDeviceDesktop)]}
    />
  );
}

/** Who is signed in, with preferences. */
export function AccountMenu({ session }: { session: SessionView }) {
  const t = useTranslations('shell');
  const [changing, setChanging] = useState(false);
  const leave = async () => {
    await signOut();
    window.location.assign('/sign-in');
  };
  return (
    <>
      <Menu position="bottom-end" width={240} withinPortal defaultOpened>
        <Menu.Target>
          <AccountTarget />
        </Menu.Target>
        <Menu.Dropdown>
          <div className={css.account}>
            <strong>{session.user?.name}</strong>
            <span>{session.user?.email}</span>
            <span>
              {session.role === 'administrator'
                ? t('administrator')
                : t('memberOf', { count: session.tenants.length, tenants: session.tenants === 'all' ? '' : session.tenants.join(', ') })}
            </span>
          </div>
          <Menu.Divider />
          <div className={css.themeRow}>
            <ThemeControl />
          </div>
          <Menu.Divider />
          <Menu.Item onClick={() => setChanging(true)}>{t('changePassword')}</Menu.Item>
          <Menu.Item leftSection={<IconLogout size={16} aria-hidden="true" />} onClick={leave}>
            {t('signOut')}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {changing && <PasswordDialog close={() => setChanging(false)} />}
    </>
  );
}
