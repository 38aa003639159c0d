import { IconAlertTriangle, IconCircleCheck, IconCircleDashed, IconCircleX } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import css from './state-mark.module.css';

/** The four states everything is told in. */
export type State = 'good' | 'attention' | 'bad' | 'unknown';

const icons = { good: IconCircleCheck, attention: IconAlertTriangle, bad: IconCircleX, unknown: IconCircleDashed };

export function StateIcon({ state, size = 16 }: { state: State; size?: number }) {
  const Icon = icons[state];
  return <Icon className={css.icon} data-state={state} size={size} stroke={1.75} aria-hidden="true" />;
}

/** Icon and word in the colour of a state; never colour alone. */
export function StateMark({ state, children, title }: { state: State; children: ReactNode; title?: string | undefined }) {
  return (
    <span className={css.mark} data-state={state} title={title}>
      <StateIcon state={state} />
      <span className={css.word}>{children}</span>
    </span>
  );
}
