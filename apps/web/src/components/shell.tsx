'use client';
import type { SessionView } from '@bulkhead/api';
import { ActionIcon, Menu, SegmentedControl, useMantineColorScheme } from '@mantine/core';
import {
  IconActivity,
  IconBox,
  IconDeviceDesktop,
  IconDoor,
  IconDots,
  IconGauge,
  IconKeyboard,
  IconLogout,
  IconMoon,
  IconReceipt,
  IconSearch,
  IconSitemap,
  IconStethoscope,
  IconSun,
  IconUserCircle,
} from '@tabler/icons-react';
import dynamic from 'next/dynamic';
import { usePathname } from 'next/navigation';
import { useTranslations } from 'next-intl';
import { type ReactNode, useState } from 'react';
import { ConnectionMark } from '../features/live/connection-mark.tsx';
import { signOut } from '../features/session/auth-api.ts';
import { LanguageButton } from './language-button.tsx';
import { Link } from './link.tsx';
import { type PageKey, pagesOf } from './pages.ts';
import css from './shell.module.css';
import { useShortcuts } from './shortcuts.tsx';
import { useExactCopy } from './use-exact-copy.ts';
import { Mark } from './wordmark.tsx';

const PasswordDialog = dynamic(() => import('../features/session/password-dialog.tsx').then((module) => module.PasswordDialog), {
  ssr: false,
});

const icons = {
  overview: IconGauge,
  containers: IconBox,
  namespaces: IconDoor,
  cgroups: IconSitemap,
  usage: IconReceipt,
  events: IconActivity,
  health: IconStethoscope,
} as const satisfies Record<PageKey, unknown>;
/** So many have a place at the bottom of a narrow screen; the others are in the menu beside them. */
const placesBelow = 4;

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

function AccountMenu({ session }: { session: SessionView }) {
  const t = useTranslations('shell');
  const [changing, setChanging] = useState(false);
  const leave = async () => {
    await signOut();
    window.location.assign('/sign-in');
  };
  return (
    <>
      <Menu position="bottom-end" width={240} withinPortal>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size={32} aria-label={t('account')}>
            <IconUserCircle size={20} aria-hidden="true" />
          </ActionIcon>
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

/** Navigation left, account and preferences top right, the page between. */
export function Shell({ session, children }: { session: SessionView; children: ReactNode }) {
  const t = useTranslations('shell');
  const pathname = usePathname();
  const pages = pagesOf(session.tenants === 'all');
  const { dialogs, openHelp, openPalette } = useShortcuts(session);
  useExactCopy();
  const isHere = (href: string) => (href === '/' ? pathname === '/' : pathname === href || pathname.startsWith(`${href}/`));
  return (
    <div className={css.shell}>
      <a className={css.skip} href="#page">
        {t('skip')}
      </a>
      <aside className={css.side}>
        <Link className={css.brand} href="/">
          <Mark />
          <span>Bulkhead</span>
        </Link>
        <nav className={css.nav} aria-label={t('navigation')}>
          {pages.map(({ href, key }, index) => {
            const Icon = icons[key];
            return (
              <Link
                key={href}
                className={css.link}
                href={href}
                aria-current={isHere(href) ? 'page' : undefined}
                data-further={index >= placesBelow}
              >
                <Icon size={18} stroke={1.6} aria-hidden="true" />
                <span>{t(`page.${key}`)}</span>
              </Link>
            );
          })}
          <Menu position="top-end" withinPortal>
            <Menu.Target>
              <button type="button" className={`${css.link} ${css.further}`}>
                <IconDots size={18} stroke={1.6} aria-hidden="true" />
                <span>{t('more')}</span>
              </button>
            </Menu.Target>
            <Menu.Dropdown>
              {pages.slice(placesBelow).map(({ href, key }) => {
                const Icon = icons[key];
                return (
                  <Menu.Item key={href} component={Link} href={href} leftSection={<Icon size={16} aria-hidden="true" />}>
                    {t(`page.${key}`)}
                  </Menu.Item>
                );
              })}
            </Menu.Dropdown>
          </Menu>
        </nav>
        <div className={css.foot}>
          <ConnectionMark />
        </div>
      </aside>
      <header className={css.top}>
        <div className={css.topBrand}>
          <Mark />
        </div>
        <div className={css.topConnection}>
          <ConnectionMark />
        </div>
        <div className={css.topRight}>
          <button type="button" className={css.find} onClick={openPalette}>
            <IconSearch size={16} aria-hidden="true" />
            <span className={css.findWord}>{t('palette')}</span>
            <kbd className={css.findKey}>Ctrl K</kbd>
          </button>
          <ActionIcon
            className={css.keys}
            variant="subtle"
            color="gray"
            size={32}
            aria-label={t('shortcuts')}
            title={t('shortcuts')}
            onClick={openHelp}
          >
            <IconKeyboard size={18} aria-hidden="true" />
          </ActionIcon>
          <LanguageButton />
          <AccountMenu session={session} />
        </div>
      </header>
      <main className={css.main} id="page" tabIndex={-1}>
        {children}
      </main>
      {dialogs}
    </div>
  );
}
