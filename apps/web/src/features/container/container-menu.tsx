'use client';
import type { Container } from '@bulkhead/model';
import { ActionIcon, Menu } from '@mantine/core';
import { IconDots } from '@tabler/icons-react';
import { useTranslations } from 'next-intl';
import { useAction } from './action-provider.tsx';
import { possibleActions } from './actions.ts';

/** What can be done to a container, from its row. */
export function ContainerMenu({ container }: { container: Container }) {
  const t = useTranslations('action');
  const act = useAction();
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size={28} aria-label={t('menu', { name: container.name })}>
          <IconDots size={16} aria-hidden="true" />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {possibleActions(container).map((possible) => (
          <Menu.Item
            key={possible}
            {...(possible === 'delete' ? { c: 'var(--bad)' } : {})}
            onClick={() => act({ container, action: possible })}
          >
            {t(`${possible}.word`)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
