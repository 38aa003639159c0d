'use client';
import { useLocale } from 'next-intl';
import { formatClock, formatExactTime, formatRelative } from '../lib/format.ts';
import { useNow } from './use-now.ts';

/** `3 minutes ago`, with the exact time and zone on hover. */
export function RelativeTime({ at }: { at: string }) {
  const locale = useLocale();
  const nowMsec = useNow();
  const atMsec = Date.parse(at);
  if (nowMsec === 0) return <time dateTime={at} />;
  return (
    <time dateTime={at} title={formatExactTime(locale, atMsec)}>
      {formatRelative(locale, atMsec, nowMsec)}
    </time>
  );
}

/** `14:03:22`, with the date where it is not today. */
export function ClockTime({ at }: { at: string }) {
  const locale = useLocale();
  const nowMsec = useNow();
  const atMsec = Date.parse(at);
  if (nowMsec === 0) return <time dateTime={at} />;
  return (
    <time dateTime={at} title={formatExactTime(locale, atMsec)}>
      {formatClock(locale, atMsec, nowMsec)}
    </time>
  );
}
