'use client';
import type { SessionView } from '@bulkhead/api';
import { ActionIcon } from '@mantine/core';
import { IconKeyboard, IconSearch } from '@tabler/icons-react';
import dynamic from 'next/dynamic';
import { usePathname } from 'next/navigation';
import { useTranslations } from 'next-intl';
import { type ReactNode, useState } from 'react';
import { ConnectionMark } from '../features/live/connection-mark.tsx';
import { LanguageButton } from './language-button.tsx';
import { Link } from './link.tsx';
import { AccountTarget, MoreTarget } from './menu-targets.tsx';
import { pageIcons } from './page-icons.ts';
import { pagesOf } from './pages.ts';
import css from './shell.module.css';
import { useShortcuts } from './shortcuts.tsx';
import { useExactCopy } from './use-exact-copy.ts';
import { Mark } from './wordmark.tsx';

/** So many have a place at the bottom of a narrow screen; the others are in the menu beside them. */
const placesBelow = 4;

/** A menu is fetched when it is first opened: menus are a tenth of a page's script, and seldom wanted. */
const AccountMenu = dynamic(() => import('./account-menu.tsx').then((module) => module.AccountMenu), {
  ssr: false,
  loading: () => <AccountTarget />,
});
const MoreMenu = dynamic(() => import('./more-menu.tsx').then((module) => module.MoreMenu), {
  ssr: false,
  loading: () => <MoreTarget />,
});

/** Navigation left, account and preferences top right, the page between. */
export function Shell({ session, children }: { session: SessionView; children: ReactNode }) {
  const t = useTranslations('shell');
  const pathname = usePathname();
  const pages = pagesOf(session.tenants === 'all');
  const { dialogs, openHelp, openPalette } = useShortcuts(session);
  useExactCopy();
  const [wanted, setWanted] = useState<ReadonlySet<'account' | 'more'>>(new Set());
  const want = (menu: 'account' | 'more') => setWanted((before) => new Set(before).add(menu));
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
            const Icon = pageIcons[key];
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
          {wanted.has('more') ? <MoreMenu pages={pages.slice(placesBelow)} /> : <MoreTarget onClick={() => want('more')} />}
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
          <button type="button" className={css.find} aria-keyshortcuts="Control+K" onClick={openPalette}>
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
          {wanted.has('account') ? <AccountMenu session={session} /> : <AccountTarget onClick={() => want('account')} />}
        </div>
      </header>
      <main className={css.main} id="page" tabIndex={-1}>
        {children}
      </main>
      {dialogs}
    </div>
  );
}
