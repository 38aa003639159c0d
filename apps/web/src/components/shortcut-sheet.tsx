'use client';
import { Modal } from '@mantine/core';
import { useTranslations } from 'next-intl';
import css from './shortcuts.module.css';

const shortcuts = [
  { keys: ['Ctrl', 'K'], key: 'palette' },
  { keys: ['g', 'o'], key: 'overview' },
  { keys: ['g', 'c'], key: 'containers' },
  { keys: ['g', 'n'], key: 'namespaces' },
  { keys: ['g', 'r'], key: 'cgroups' },
  { keys: ['g', 'l'], key: 'labs' },
  { keys: ['g', 'u'], key: 'usage' },
  { keys: ['g', 'e'], key: 'events' },
  { keys: ['g', 'h'], key: 'health' },
  { keys: ['/'], key: 'search' },
  { keys: ['↑', '↓'], key: 'rows' },
  { keys: ['Enter'], key: 'open' },
  { keys: ['→', '←'], key: 'tree' },
  { keys: ['m'], key: 'rowMenu' },
  { keys: ['t'], key: 'table' },
  { keys: ['Esc'], key: 'close' },
  { keys: ['?'], key: 'help' },
] as const;

/** The list of keys. */
export function ShortcutSheet({ close }: { close(): void }) {
  const t = useTranslations('shortcut');
  return (
    <Modal opened onClose={close} title={t('title')} closeButtonProps={{ 'aria-label': t('close') }}>
      <dl className={css.list}>
        {shortcuts.map(({ keys, key }) => (
          <div key={key} className={css.row}>
            <dt>
              {keys.map((text) => (
                <kbd key={text} className={css.key}>
                  {text}
                </kbd>
              ))}
            </dt>
            <dd>{t(key)}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  );
}
