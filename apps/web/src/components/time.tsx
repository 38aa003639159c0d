'use client';
import { useLocale } from 'next-intl';
import { formatClock, formatExactTime, formatRelative } from '../lib/format.ts';
import { useNow } from './use-now.ts';

interface TimeProps {
  at: string;
}

/** A moment in words, with the exact time and zone on hover; without words until the browser's clock is known. */
function Moment({ at, words }: TimeProps & { words: typeof formatClock }) {
  const locale = useLocale();
  const nowMsec = useNow();
  const atMsec = Date.parse(at);
  if (nowMsec === 0) return <time dateTime={at} />;
  return (
    <time dateTime={at} title={formatExactTime(locale, atMsec)}>
      {words(locale, atMsec, nowMsec)}
    </time>
  );
}

/** `3 minutes ago` */
export const RelativeTime = ({ at }: TimeProps) => <Moment at={at} words={formatRelative} />;

/** `14:03:22`, with the date where it is not today. */
export const ClockTime = ({ at }: TimeProps) => <Moment at={at} words={formatClock} />;
