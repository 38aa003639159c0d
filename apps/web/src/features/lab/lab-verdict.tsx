'use client';
import type { LabRun } from '@bulkhead/model';
import { useTranslations } from 'next-intl';
import { Measure, NotMeasured } from '../../components/measure.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import table from '../../components/table.module.css';
import css from './labs.module.css';
import { useLabFormat } from './use-lab-format.ts';

/** What was expected, and what the kernel's counters say. */
export function LabVerdict({ run }: { run: LabRun }) {
  const t = useTranslations('labs');
  const format = useLabFormat();
  if (run.checks.length === 0) return null;
  return (
    <table className={`${table.table} ${css.verdict}`} aria-label={t('verdict.title')}>
      <thead>
        <tr>
          <th scope="col">{t('verdict.check')}</th>
          <th scope="col" className={table.number}>
            {t('verdict.expected')}
          </th>
          <th scope="col" className={table.number}>
            {t('verdict.measured')}
          </th>
        </tr>
      </thead>
      <tbody>
        {run.checks.map((check) => (
          <tr key={check.key} data-check={check.key} data-passed={check.passed}>
            <td>
              <span className={css.check}>
                <StateMark state={check.passed ? 'good' : 'bad'}>
                  <span className="visually-hidden">{t(check.passed ? 'verdict.passed' : 'verdict.failed')}: </span>
                  <span className={css.checkName}>{t(`check.${check.key}`)}</span>
                </StateMark>
              </span>
            </td>
            <td className={table.number}>{format.expectation(check)}</td>
            <td className={table.number}>
              {check.measured === undefined ? (
                <NotMeasured reason={t('notMeasured')} />
              ) : (
                <Measure quantity={format.quantity(check.unit, check.measured)} />
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
