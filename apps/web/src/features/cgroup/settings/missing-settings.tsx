'use client';
import { settingElsewhere, settingMeaning } from '@bulkhead/model/cgroup-text';
import { useLocale, useTranslations } from 'next-intl';
import { asSentence } from '../../../components/trouble-notice.tsx';
import { useCgroupWords } from '../use-cgroup-words.ts';
import type { ShownSetting } from './setting-list.ts';
import { SettingWords } from './setting-words.tsx';
import css from './settings.module.css';

/** What a group cannot have here, and why not. */
export function MissingSettings({ settings, isOpen }: { settings: readonly ShownSetting[]; isOpen: boolean }) {
  const t = useTranslations('cgroupSettings');
  const locale = useLocale();
  const words = useCgroupWords();
  return (
    <details className={css.missing} {...(isOpen ? { open: true } : {})}>
      <summary>{t('missing', { count: settings.length })}</summary>
      <ul className={css.list}>
        {settings.map((shown) => {
          const { setting, state } = shown;
          // English of an agent without codes has it already.
          const elsewhere = state.refused?.told === undefined ? undefined : settingElsewhere(setting, locale);
          return (
            <li key={setting.key} className={css.lacking} data-setting={setting.key} data-refused={state.refused?.reason}>
              <div className={css.name}>
                <code>{setting.key}</code>
                <span className={css.meaning}>{settingMeaning(setting, locale)}</span>
              </div>
              <p className={css.reason}>
                {state.refused === undefined ? t('unread') : asSentence(words.tell(state.refused.text, state.refused.told))}
                {elsewhere !== undefined && ` ${elsewhere}`}
              </p>
              <details className={css.wordsToggle}>
                <summary>{t('words')}</summary>
                <SettingWords shown={shown} />
              </details>
            </li>
          );
        })}
      </ul>
    </details>
  );
}
