'use client';
import { useTranslations } from 'next-intl';
import { type State, StateMark } from '../../components/state-mark.tsx';
import { useConnection } from './live-provider.tsx';

/** Whether what is shown is live, and if not, where it is held up. */
export function ConnectionMark() {
  const t = useTranslations('connection');
  const { connection, reachability } = useConnection();
  let state: State = 'good';
  let word: 'live' | 'connecting' | 'offline' | 'agentAway' = 'live';
  if (connection === 'lost') [state, word] = ['attention', 'offline'];
  else if (connection === 'connecting' || reachability === undefined) [state, word] = ['unknown', 'connecting'];
  else if (!reachability.reachable) [state, word] = ['attention', 'agentAway'];
  return (
    <span role="status" data-connection={word}>
      <StateMark state={state} title={t(`${word}.what`)}>
        {t(`${word}.word`)}
      </StateMark>
    </span>
  );
}
