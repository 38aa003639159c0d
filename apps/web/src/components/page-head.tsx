import type { ReactNode } from 'react';
import css from './page-head.module.css';

/** The subject of a page with its state, and its main action. */
export function PageHead({
  title,
  state,
  lead,
  actions,
  children,
}: {
  title: ReactNode;
  state?: ReactNode;
  lead?: ReactNode;
  actions?: ReactNode;
  children?: ReactNode;
}) {
  return (
    <header className={css.head}>
      <div className={css.row}>
        <div className={css.subject}>
          <h1 className={css.title}>{title}</h1>
          {state}
        </div>
        {actions && <div className={css.actions}>{actions}</div>}
      </div>
      {lead && <div className={css.lead}>{lead}</div>}
      {children}
    </header>
  );
}

/** A part of a page under its own heading. */
export function Section({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <section className={css.section}>
      <div className={css.sectionHead}>
        <h2>{title}</h2>
        {aside && <div className={css.aside}>{aside}</div>}
      </div>
      {children}
    </section>
  );
}
