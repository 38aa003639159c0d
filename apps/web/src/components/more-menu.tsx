'use client';
import { Menu } from '@mantine/core';
import { useTranslations } from 'next-intl';
import { Link } from './link.tsx';
import { MoreTarget } from './menu-targets.tsx';
import { pageIcons } from './page-icons.ts';
import type { PageKey } from './pages.ts';

/** Pages that have no place at the bottom of a narrow screen. */
export function MoreMenu({ pages }: { pages: readonly { href: string; key: PageKey }[] }) {
  const t = useTranslations('shell');
  return (
    <Menu position="top-end" withinPortal defaultOpened>
      <Menu.Target>
        <MoreTarget />
      </Menu.Target>
      <Menu.Dropdown>
        {pages.map(({ href, key }) => {
          const Icon = pageIcons[key];
          return (
            <Menu.Item key={href} component={Link} href={href} leftSection={<Icon size={16} aria-hidden="true" />}>
              {t(`page.${key}`)}
            </Menu.Item>
          );
        })}
      </Menu.Dropdown>
    </Menu>
  );
}
