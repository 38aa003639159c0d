'use client';
import { useTranslations } from 'next-intl';
import { Notice } from '../../components/notice.tsx';
import { useConnection } from './live-provider.tsx';

/** Says above a page that what is shown is not what is. */
export function AwayNotice() {
  const t = useTranslations('connection');
  const { connection, reachability } = useConnection();
  const word = connection === 'lost' ? 'offline' : reachability?.reachable === false ? 'agentAway' : undefined;
  return (
    word && (
      <Notice state="attention" title={t(`${word}.title`)}>
        {t(`${word}.what`)}
      </Notice>
    )
  );
}
