'use client';
import type { CgroupNode } from '@bulkhead/model';
import { ActionIcon, Menu } from '@mantine/core';
import { IconDots } from '@tabler/icons-react';
import { useRouter } from 'next/navigation';
import { useTranslations } from 'next-intl';
import { tabHref } from '../cgroups-url.ts';
import { destroys, possibleActions } from './actions.ts';
import { useActOn } from './use-act-on.ts';

/** What can be done to a cgroup, from its row. */
export function CgroupMenu({ node, name }: { node: CgroupNode; name: string }) {
  const t = useTranslations('cgroupAct');
  const router = useRouter();
  const act = useActOn();
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size={28} tabIndex={-1} data-menu aria-label={t('menu', { name })}>
          <IconDots size={16} aria-hidden="true" />
        </ActionIcon>
      </Menu.Target>
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
