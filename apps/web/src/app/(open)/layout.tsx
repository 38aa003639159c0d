import type { ReactNode } from 'react';
import { LanguageButton } from '../../components/language-button.tsx';
import { Mark } from '../../components/wordmark.tsx';
import css from './open.module.css';

export default function OpenLayout({ children }: { children: ReactNode }) {
  return (
    <div className={css.page}>
      <header className={css.top}>
        <LanguageButton />
      </header>
      <main className={css.main}>
        <div className={css.brand}>
          <Mark size={28} />
          <span>Bulkhead</span>
        </div>
        {children}
      </main>
    </div>
  );
}
