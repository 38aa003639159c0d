'use client';
import { useLocale, useTranslations } from 'next-intl';
import { useMemo } from 'react';
import {
  formatByteHours,
  formatBytes,
  formatBytesPerSecond,
  formatCores,
  formatDuration,
  formatPercent,
  type Quantity,
  type UnitWords,
} from '../lib/format.ts';
import css from './measure.module.css';

/** Formatters in the reader's language. */
export function useFormat() {
  const locale = useLocale();
  const t = useTranslations('unit');
  return useMemo(() => {
    const words: UnitWords = { bytes: t('bytes'), cores: t('cores'), perSecond: t('perSecond'), microseconds: t('microseconds') };
    return {
      locale,
      bytes: (value: bigint | number) => formatBytes(locale, value, words),
      bytesPerSecond: (value: number) => formatBytesPerSecond(locale, value, words),
      cores: (millis: number) => formatCores(locale, millis, words),
      duration: (usec: bigint | number) => formatDuration(locale, usec, words),
      byteHours: (byteSeconds: bigint) => formatByteHours(locale, byteSeconds, words),
      percent: (share: number) => formatPercent(locale, share),
      integer: (value: number) => new Intl.NumberFormat(locale).format(value),
    };
  }, [locale, t]);
}

/** A number short enough to compare; hovering and copying give the exact one. */
export function Measure({ quantity }: { quantity: Quantity }) {
  return (
    <data className={css.measure} value={quantity.exact} title={quantity.exact}>
      {quantity.text}
    </data>
  );
}

/** A dash where nothing was measured, with the reason. It is never a zero. */
export function NotMeasured({ reason }: { reason: string }) {
  return (
    <span className={css.missing} title={reason}>
      <span aria-hidden="true">–</span>
      <span className="visually-hidden">{reason}</span>
    </span>
  );
}
