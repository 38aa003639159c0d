'use client';
import dynamic from 'next/dynamic';
import { useState } from 'react';
import { LanguageTarget } from './language-target.tsx';

const LanguageMenu = dynamic(() => import('./language-menu.tsx').then((module) => module.LanguageMenu), {
  ssr: false,
  loading: () => <LanguageTarget />,
});

export function LanguageButton() {
  const [wanted, setWanted] = useState(false);
  return wanted ? <LanguageMenu /> : <LanguageTarget onClick={() => setWanted(true)} />;
}
