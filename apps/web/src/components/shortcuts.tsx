'use client';
import { Modal } from '@mantine/core';
import { useRouter } from 'next/navigation';
import { useTranslations } from 'next-intl';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import css from './shortcuts.module.css';

const destinations = { o: '/', c: '/containers', u: '/usage', e: '/events' } as const;
const sequenceMsec = 1_200;

/** True while keys belong to what is being typed. */
export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

const shortcuts = [
  { keys: ['g', 'o'], key: 'overview' },
  { keys: ['g', 'c'], key: 'containers' },
  { keys: ['g', 'u'], key: 'usage' },
  { keys: ['g', 'e'], key: 'events' },
  { keys: ['/'], key: 'search' },
  { keys: ['↑', '↓'], key: 'rows' },
  { keys: ['Enter'], key: 'open' },
  { keys: ['t'], key: 'table' },
  { keys: ['Esc'], key: 'close' },
  { keys: ['?'], key: 'help' },
] as const;

/** Keys that work on every page; answers with the sheet that lists them. */
export function useShortcuts(): { help: ReactNode; openHelp(): void } {
  const t = useTranslations('shortcut');
  const router = useRouter();
  const [opened, setOpened] = useState(false);
  const prefixAtMsec = useRef(0);

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (document.querySelector('[role="dialog"][aria-modal="true"]') !== null && event.key !== 'Escape') return;
      const inSequence = Date.now() - prefixAtMsec.current < sequenceMsec;
      prefixAtMsec.current = 0;
      if (inSequence && event.key in destinations) {
        event.preventDefault();
        router.push(destinations[event.key as keyof typeof destinations]);
      } else if (event.key === 'g') prefixAtMsec.current = Date.now();
      else if (event.key === '?') setOpened(true);
      else if (event.key === '/') {
        const search = document.querySelector<HTMLInputElement>('input[type="search"]');
        if (search === null) return;
        event.preventDefault();
        search.focus();
        search.select();
      }
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [router]);

  const help = (
    <Modal opened={opened} onClose={() => setOpened(false)} title={t('title')} closeButtonProps={{ 'aria-label': t('close') }}>
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
  return { help, openHelp: () => setOpened(true) };
}
