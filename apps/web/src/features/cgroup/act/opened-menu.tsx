'use client';
import type { CgroupNode } from '@bulkhead/model';
import { Menu } from '@mantine/core';
import { useRouter } from 'next/navigation';
import { useTranslations } from 'next-intl';
import type { ReactElement } from 'react';
import { tabHref } from '../cgroups-url.ts';
import { type CgroupAction, destroys } from './actions.ts';
import { useActOn } from './use-act-on.ts';

/** Actions on a cgroup. @param isRow away from its page: it leads there as well, and nobody follows the group */
export function OpenedMenu({
  node,
  actions,
  target,
  isRow = false,
}: {
  node: CgroupNode;
  actions: readonly CgroupAction[];
  target: ReactElement;
  isRow?: boolean;
}) {
  const t = useTranslations('cgroupAct');
  const router = useRouter();
  const act = useActOn({ follow: !isRow });
  return (
    <Menu position="bottom-end" withinPortal defaultOpened>
      <Menu.Target>{target}</Menu.Target>
      <Menu.Dropdown>
        {isRow && (
          <>
            <Menu.Item onClick={() => router.push(tabHref(node.path, 'settings'))}>{t('settings')}</Menu.Item>
            <Menu.Item onClick={() => router.push(tabHref(node.path, 'processes'))}>{t('processes')}</Menu.Item>
            <Menu.Divider />
          </>
        )}
        {actions.map((action) => (
          <Menu.Item key={action} {...(destroys(action) ? { c: 'var(--bad)' } : {})} onClick={() => act(node, action)}>
            {t(`${action}.word`)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
