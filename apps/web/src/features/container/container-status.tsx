'use client';
import type { Container } from '@bulkhead/model';
import { useTranslations } from 'next-intl';
import { StateMark } from '../../components/state-mark.tsx';
import { statusOf } from './status.ts';

export function ContainerStatusMark({ container }: { container: Pick<Container, 'status' | 'exitStatus' | 'oomKilled'> }) {
  const t = useTranslations('container.status');
  const { state, word, value } = statusOf(container);
  const reason = container.exitStatus?.kind === 'unknown' ? container.exitStatus.reason : undefined;
  const text = {
    creating: t('creating'),
    created: t('created'),
    running: t('running'),
    'out-of-memory': t('outOfMemory'),
    exited: t('exited', { value }),
    signalled: t('signalled', { value }),
    'ended-unknown': t('endedUnknown'),
  }[word];
  return (
    <StateMark state={state} title={reason ?? (container.oomKilled && word === 'running' ? t('oomWhileRunning') : undefined)}>
      {text}
    </StateMark>
  );
}
