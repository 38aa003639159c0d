'use client';
import type { Lab } from '@bulkhead/model';
import { useTranslations } from 'next-intl';
import table from '../../components/table.module.css';
import css from './labs.module.css';

const Files = ({ names }: { names: readonly string[] }) =>
  names.map((name) => (
    <code key={name} className={css.file}>
      {name}
    </code>
  ));

/** The settings of a lab in the words of both versions of control groups, side by side. */
export function LabWords({ words }: Pick<Lab, 'words'>) {
  const t = useTranslations('labs.words');
  if (words.length === 0) return <p className={css.faint}>{t('none')}</p>;
  return (
    <table className={`${table.table} ${css.words}`} aria-label={t('title')}>
      <thead>
        <tr>
          <th scope="col">{t('v1')}</th>
          <th scope="col">{t('v2')}</th>
        </tr>
      </thead>
      <tbody>
        {words.map(({ setting, v1, v2, formulas }) => (
          <tr key={setting} title={formulas.length === 0 ? undefined : `${t('formula')}: ${formulas.join('; ')}`}>
            <td>
              <Files names={v1} />
            </td>
            <td>
              <Files names={v2} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
