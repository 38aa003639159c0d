'use client';
import type { CgroupNode } from '@bulkhead/model';
import { Menu } from '@mantine/core';
import { IconDots } from '@tabler/icons-react';
import { useRouter } from 'next/navigation';
import { useTranslations } from 'next-intl';
import { useState } from 'react';
import { tabHref } from '../cgroups-url.ts';
import css from './act.module.css';
import { destroys, possibleActions } from './actions.ts';
import { useActOn } from './use-act-on.ts';

/** What can be done to a cgroup, from its row. Of thousands of rows few are ever opened: the menu is made when it is. */
export function CgroupMenu({ node, name }: { node: CgroupNode; name: string }) {
  const t = useTranslations('cgroupAct');
  const [isWanted, setWanted] = useState(false);
  const button = (
    <button
      type="button"
      className={css.menu}
      tabIndex={-1}
      data-menu
      aria-label={t('menu', { name })}
      aria-haspopup="menu"
      onClick={isWanted ? undefined : () => setWanted(true)}
    >
      <IconDots size={16} aria-hidden="true" />
    </button>
  );
  return isWanted ? <OpenedMenu node={node} target={button} /> : button;
}

function OpenedMenu({ node, target }: { node: CgroupNode; target: React.ReactElement }) {
  const t = useTranslations('cgroupAct');
  const router = useRouter();
  const act = useActOn();
  return (
    <Menu position="bottom-end" withinPortal defaultOpened>
      <Menu.Target>{target}</Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => router.push(tabHref(node.path, 'settings'))}>{t('settings')}</Menu.Item>
        <Menu.Item onClick={() => router.push(tabHref(node.path, 'processes'))}>{t('processes')}</Menu.Item>
        <Menu.Divider />
        {possibleActions(node).map((action) => (
          <Menu.Item key={action} {...(destroys(action) ? { c: 'var(--bad)' } : {})} onClick={() => act(node, action)}>
            {t(`${action}.word`)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
