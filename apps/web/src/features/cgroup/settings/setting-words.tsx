'use client';
import type { CgroupDialect } from '@bulkhead/model/cgroup-setting';
import { formulaWords, settingElsewhere } from '@bulkhead/model/cgroup-text';
import { useLocale, useTranslations } from 'next-intl';
import type { ShownSetting } from './setting-list.ts';
import css from './settings.module.css';

function Files({ dialects, program }: { dialects: readonly CgroupDialect[]; program: boolean }) {
  const t = useTranslations('cgroupSettings');
  if (program) return <p>{t('program')}</p>;
  if (dialects.length === 0) return <p className={css.soft}>{t('noFile')}</p>;
  return (
    <ul className={css.files}>
      {dialects.map(({ files, since, until }) => (
        <li key={files.map(({ name }) => name).join(' ')}>
          <code>{files.map(({ name }) => name).join(' ')}</code>{' '}
          <span className={css.soft}>{until === undefined ? t('since', { since }) : t('between', { since, until })}</span>
        </li>
      ))}
    </ul>
  );
}

/** One version's words of a setting: its files, the formula to them, where that is written down, and what is lost. */
function Side({ version, shown }: { version: 1 | 2; shown: ShownSetting }) {
  const t = useTranslations('cgroupSettings');
  const locale = useLocale();
  const { setting, state } = shown;
  const dialects = version === 1 ? setting.v1 : setting.v2;
  const isProgram = version === 2 && setting.key === 'devices';
  const inForce = state.version === version;
  const formula = setting.formulas.find(({ to }) => to === (version === 1 ? 'v1' : 'v2'));
  const told = formula === undefined ? undefined : formulaWords(setting, formula, locale);
  const elsewhere = dialects.length === 0 && !isProgram ? settingElsewhere(setting, locale) : undefined;
  return (
    <section className={css.side} aria-label={t(`version.${version}`)} data-version={version}>
      <h3>
        {t(`version.${version}`)}
        {inForce && <span className={css.here}>{t('inForce')}</span>}
      </h3>
      <Files dialects={dialects} program={isProgram} />
      {told !== undefined && formula !== undefined && (
        <p className={css.formula}>
          <span>{told.formula}</span>
          <cite>{formula.source}</cite>
        </p>
      )}
      {told?.lost !== undefined && (
        <p>
          <span className={css.soft}>{t('lost')}</span> {told.lost}
        </p>
      )}
      {elsewhere !== undefined && <p>{elsewhere}</p>}
      {inForce && state.files.length > 0 && (
        <dl className={css.held}>
          {state.files.map(({ path, text }) => (
            <div key={path}>
              <dt>
                <code>{path}</code>
              </dt>
              <dd>{text === '' ? <span className={css.soft}>{t('emptyFile')}</span> : <code>{text}</code>}</dd>
            </div>
          ))}
        </dl>
      )}
    </section>
  );
}

/** The words of both versions side by side. */
export function SettingWords({ shown }: { shown: ShownSetting }) {
  return (
    <div className={css.sides}>
      <Side version={1} shown={shown} />
      <Side version={2} shown={shown} />
    </div>
  );
}
