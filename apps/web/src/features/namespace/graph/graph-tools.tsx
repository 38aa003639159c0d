'use client';
import type { Runtime } from '@bulkhead/model';
import { ActionIcon, Button, Menu } from '@mantine/core';
import {
  IconArrowsMaximize,
  IconChevronLeft,
  IconChevronRight,
  IconLayoutGrid,
  IconMinus,
  IconPlus,
  IconStack2,
  IconX,
  type TablerIcon,
} from '@tabler/icons-react';
import { useTranslations } from 'next-intl';
import css from './graph.module.css';

interface Props {
  /** Runtimes that have rooms, in the order in which they are offered. */
  runtimes: readonly Runtime[];
  /** Those whose rooms are shown as one group. */
  collapsed: readonly Runtime[];
  collapse(collapsed: Runtime[]): void;
  /** Name of the room whose neighbourhood alone is shown. */
  focusedOn: string | undefined;
  unfocus(): void;
  /** What a search found, and which of it is in the middle. */
  found: { at: number; count: number } | undefined;
  goToFound(index: number): void;
  zoom(way: 'in' | 'out'): void;
  showWhole(): void;
  arrange(): void;
}

function Tool({ name, icon: Icon, onClick }: { name: string; icon: TablerIcon; onClick: () => void }) {
  return (
    <ActionIcon variant="default" size={30} aria-label={name} title={name} onClick={onClick}>
      <Icon size={16} aria-hidden="true" />
    </ActionIcon>
  );
}

/** What can be done to the picture as a whole; the row above the canvas. */
export function GraphTools({ runtimes, collapsed, collapse, focusedOn, unfocus, found, goToFound, zoom, showWhole, arrange }: Props) {
  const t = useTranslations('graph');
  const r = useTranslations('runtime.name');
  const toggle = (runtime: Runtime) =>
    collapse(collapsed.includes(runtime) ? collapsed.filter((other) => other !== runtime) : [...collapsed, runtime]);
  return (
    <div className={css.tools}>
      <Tool name={t('zoomIn')} icon={IconPlus} onClick={() => zoom('in')} />
      <Tool name={t('zoomOut')} icon={IconMinus} onClick={() => zoom('out')} />
      <Tool name={t('whole')} icon={IconArrowsMaximize} onClick={showWhole} />
      <Tool name={t('arrange')} icon={IconLayoutGrid} onClick={arrange} />
      <Menu position="bottom-start" withinPortal closeOnItemClick={false}>
        <Menu.Target>
          <ActionIcon variant="default" size={30} aria-label={t('collapse')} title={t('collapse')}>
            <IconStack2 size={16} aria-hidden="true" />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>{t('collapseWhat')}</Menu.Label>
          {runtimes.map((runtime) => (
            <Menu.CheckboxItem key={runtime} checked={collapsed.includes(runtime)} onClick={() => toggle(runtime)}>
              {r(runtime)}
            </Menu.CheckboxItem>
          ))}
        </Menu.Dropdown>
      </Menu>
      {focusedOn !== undefined && (
        <Button size="xs" variant="default" rightSection={<IconX size={14} aria-hidden="true" />} onClick={unfocus}>
          {t('focusedOn', { name: focusedOn })}
        </Button>
      )}
      {found !== undefined && (
        <span className={css.found} aria-live="polite">
          {found.count === 0 ? t('foundNothing') : t('found', { at: found.at + 1, count: found.count })}
          {found.count > 1 && (
            <>
              <ActionIcon variant="subtle" color="gray" size={26} aria-label={t('previous')} onClick={() => goToFound(found.at - 1)}>
                <IconChevronLeft size={16} aria-hidden="true" />
              </ActionIcon>
              <ActionIcon variant="subtle" color="gray" size={26} aria-label={t('next')} onClick={() => goToFound(found.at + 1)}>
                <IconChevronRight size={16} aria-hidden="true" />
              </ActionIcon>
            </>
          )}
        </span>
      )}
    </div>
  );
}
