import type { ReactNode } from 'react';
import css from './notice.module.css';
import { type State, StateIcon } from './state-mark.tsx';

/** What a person should know before going on. */
export function Notice({ state, title, children, action }: { state: State; title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className={css.notice} data-state={state} role={state === 'bad' ? 'alert' : 'status'}>
      <StateIcon state={state} size={18} />
      <div className={css.body}>
        <p className={css.title}>{title}</p>
        {children && <div className={css.text}>{children}</div>}
      </div>
      {action && <div className={css.action}>{action}</div>}
    </div>
  );
}
