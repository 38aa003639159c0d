'use client';
import type { CgroupNode } from '@bulkhead/model';
import { Button, Menu } from '@mantine/core';
import { IconChevronDown } from '@tabler/icons-react';
import { useTranslations } from 'next-intl';
import { destroys, possibleActions } from './actions.ts';
import { useActOn } from './use-act-on.ts';

/** What can be done to a cgroup, from the head of its page. */
export function CgroupActions({ node }: { node: CgroupNode }) {
  const t = useTranslations('cgroupAct');
  const act = useActOn({ follow: true });
  const [first, ...others] = possibleActions(node);
  return (
    <>
      {first !== undefined && (
        <Button size="xs" variant="default" onClick={() => act(node, first)}>
          {t(`${first}.word`)}
        </Button>
      )}
      {others.length > 0 && (
        <Menu position="bottom-end" withinPortal>
          <Menu.Target>
            <Button size="xs" variant="default" rightSection={<IconChevronDown size={14} aria-hidden="true" />}>
              {t('more')}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {others.map((action) => (
              <Menu.Item key={action} {...(destroys(action) ? { c: 'var(--bad)' } : {})} onClick={() => act(node, action)}>
                {t(`${action}.word`)}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      )}
    </>
  );
}
