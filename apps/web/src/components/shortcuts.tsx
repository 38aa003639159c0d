'use client';
import type { SessionView } from '@bulkhead/api';
import dynamic from 'next/dynamic';
import { useRouter } from 'next/navigation';
import { type ReactNode, useCallback, useEffect, useRef, useState } from 'react';

const destinations = {
  o: '/',
  c: '/containers',
  n: '/namespaces',
  r: '/cgroups',
  l: '/labs',
  u: '/usage',
  e: '/events',
  h: '/health',
} as const;
const sequenceMsec = 1_200;

/** True while keys belong to what is being typed. */
export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

const ShortcutSheet = dynamic(() => import('./shortcut-sheet.tsx').then((module) => module.ShortcutSheet), { ssr: false });

const Palette = dynamic(() => import('../features/palette/palette.tsx').then((module) => module.Palette), { ssr: false });

/** Keys that work on every page; answers with what they open. */
export function useShortcuts(session: SessionView): { dialogs: ReactNode; openHelp(): void; openPalette(): void } {
  const router = useRouter();
  const [opened, setOpened] = useState(false);
  const [searching, setSearching] = useState(false);
  const openHelp = useCallback(() => setOpened(true), []);
  const prefixAtMsec = useRef(0);

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        setSearching(true);
        return;
      }
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

  const dialogs = (
    <>
      {opened && <ShortcutSheet close={() => setOpened(false)} />}
      {searching && <Palette session={session} openHelp={openHelp} onClosed={() => setSearching(false)} />}
    </>
  );
  return { dialogs, openHelp, openPalette: () => setSearching(true) };
}
