'use client';
import type { LabCheck, LabUnit } from '@bulkhead/model';
import { signalNumbers } from '@bulkhead/model/exit-code';
import { useTranslations } from 'next-intl';
import { useMemo } from 'react';
import { useFormat } from '../../components/measure.tsx';
import type { Quantity } from '../../lib/format.ts';

const signalOf = (number: number): string => `SIG${Object.entries(signalNumbers).find(([, value]) => value === number)?.[0] ?? number}`;

/** Values of labs in the reader's language. */
export function useLabFormat() {
  const format = useFormat();
  const t = useTranslations('labs.verdict');
  return useMemo(() => {
    const decimals = (most: number, value: number) => new Intl.NumberFormat(format.locale, { maximumFractionDigits: most }).format(value);
    const same = (text: string): Quantity => ({ text, exact: text });
    const quantity = (unit: LabUnit, value: number): Quantity => {
      switch (unit) {
        case 'percent':
          return { text: `${decimals(2, value)}%`, exact: `${value}%` };
        case 'cpuMillis':
          return format.cores(value);
        case 'usec':
          // The kernel counts microseconds, and a lab shows that it does.
          return { text: `${decimals(6, value / 1e6)} s`, exact: format.duration(value).exact };
        case 'bytes':
          return format.bytes(value);
        case 'bytesPerSecond':
          return format.bytesPerSecond(value);
        case 'count':
        case 'exitCode':
          return same(format.integer(value));
        case 'signal':
          return same(signalOf(value));
      }
    };
    const expectation = ({ unit, is, expected, tolerance }: Pick<LabCheck, 'unit' | 'is' | 'expected' | 'tolerance'>): string => {
      const value = quantity(unit, expected).text;
      if (is === 'at-least') return t('atLeast', { value });
      if (is === 'at-most') return t('atMost', { value });
      if (tolerance === 0) return value;
      return t('within', { value, tolerance: unit === 'percent' ? t('points', { value: tolerance }) : quantity(unit, tolerance).text });
    };
    return { quantity, expectation, signal: signalOf, seconds: (msec: number) => `${decimals(2, msec / 1000)} s` };
  }, [format, t]);
}
