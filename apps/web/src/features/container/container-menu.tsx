'use client';
import type { Container } from '@bulkhead/model';
import { ActionIcon, Menu } from '@mantine/core';
import { IconDots } from '@tabler/icons-react';
import dynamic from 'next/dynamic';
import { useTranslations } from 'next-intl';
import { useState } from 'react';
import { type ContainerAction, possibleActions } from './actions.ts';

const ActionDialog = dynamic(() => import('./action-dialog.tsx').then((module) => module.ActionDialog), { ssr: false });

/** What can be done to a container, from its row. */
export function ContainerMenu({ container }: { container: Container }) {
  const t = useTranslations('action');
  const [action, setAction] = useState<ContainerAction>();
  return (
    <>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size={28} aria-label={t('menu', { name: container.name })}>
            <IconDots size={16} aria-hidden="true" />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {possibleActions(container).map((possible) => (
            <Menu.Item key={possible} {...(possible === 'delete' ? { c: 'var(--bad)' } : {})} onClick={() => setAction(possible)}>
              {t(`${possible}.word`)}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {action && <ActionDialog container={container} action={action} close={() => setAction(undefined)} />}
    </>
  );
}
