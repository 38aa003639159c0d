'use client';
import type { BlockDevice, CgroupSettingAuthor } from '@bulkhead/model';
import { settingMeaning } from '@bulkhead/model/cgroup-text';
import { IconChevronRight } from '@tabler/icons-react';
import { useLocale, useTranslations } from 'next-intl';
import { useId, useState } from 'react';
import { useFormat } from '../../../components/measure.tsx';
import { RelativeTime } from '../../../components/time.tsx';
import { useCgroupWords } from '../use-cgroup-words.ts';
import { easyText, isBeyond, kernelWords, quotaMillis, readValue } from './draft.ts';
import type { ShownSetting } from './setting-list.ts';
import { SettingWords } from './setting-words.tsx';
import css from './settings.module.css';
import { ValueField } from './value-field.tsx';

/** What a value comes to, where that is not to be seen at once. */
function useComesTo() {
  const t = useTranslations('cgroupSettings');
  const format = useFormat();
  return ({ setting }: ShownSetting, value: string | undefined): string | undefined => {
    if (value === undefined || value === '0') return undefined;
    if (value === 'max' || value.startsWith('max ')) return t('noLimit');
    const millis = setting.kind === 'quota' ? quotaMillis(value) : undefined;
    if (millis !== undefined) return format.cores(millis).text;
    if (setting.kind === 'bytes-or-max' && /^\d+$/.test(value)) return format.bytes(BigInt(value)).text;
    if (setting.unit === 'usec' && /^\d+$/.test(value)) return format.duration(BigInt(value)).text;
    return undefined;
  };
}

function Takes({ shown }: { shown: ShownSetting }) {
  const t = useTranslations('cgroupSettings');
  const words = useCgroupWords();
  const { state, setting } = shown;
  const { bounds, refused } = state;
  // What cannot be set at all is told by its model, or for the whole page.
  if (refused?.reason === 'readable' || refused?.reason === 'root-group') return null;
  if (refused !== undefined && !shown.canSet) return <span className={css.soft}>{words.tell(refused.text, refused.told)}</span>;
  const [least, greatest] = [bounds?.least, bounds?.greatest].map((end) => (end === undefined ? undefined : easyText(setting, end)));
  const range =
    least !== undefined && greatest !== undefined
      ? `${least} … ${greatest}`
      : least !== undefined
        ? t('atLeast', { value: least })
        : greatest !== undefined
          ? setting.kind === 'list'
            ? t('among', { value: greatest })
            : t('atMost', { value: greatest })
          : undefined;
  return (
    <>
      {range !== undefined && (
        <span className={css.bounds} title={t('bounds')}>
          {range}
        </span>
      )}
      {setting.unit !== undefined && (
        <span className={css.soft}> {t(`unit.${setting.unit === 'bytes/s and operations/s' ? 'perSecond' : setting.unit}`)}</span>
      )}
      {bounds?.because !== undefined && <span className={css.because}>{words.tell(bounds.because, bounds.told)}</span>}
      {refused !== undefined && <span className={css.because}>{words.tell(refused.text, refused.told)}</span>}
    </>
  );
}

function SetBy({ shown, author }: { shown: ShownSetting; author: CgroupSettingAuthor | undefined }) {
  const t = useTranslations('cgroupSettings');
  const { state, setting } = shown;
  if (author !== undefined)
    return (
      <>
        {author.subject.name}
        <span className={css.soft}>
          {' '}
          <RelativeTime at={author.at} />
        </span>
      </>
    );
  if (!shown.canSet || state.value === undefined) return null;
  return <span className={css.soft}>{state.value === setting.preset ? t('asNew') : t('byOthers')}</span>;
}

/** One setting: what it does, its value to be changed in place, what it takes, who set it, and the words of both versions. */
export function SettingRow({
  shown,
  text,
  author,
  devices,
  onText,
}: {
  shown: ShownSetting;
  /** What is being typed; undefined where nothing is. */
  text: string | undefined;
  author: CgroupSettingAuthor | undefined;
  devices: readonly BlockDevice[];
  onText(text: string): void;
}) {
  const t = useTranslations('cgroupSettings');
  const locale = useLocale();
  const words = useCgroupWords();
  const comesTo = useComesTo();
  const panel = useId();
  const [open, setOpen] = useState(false);
  const { state, setting, canSet } = shown;
  const { key, model } = setting;
  const held = state.value ?? setting.preset;
  const read = text === undefined ? undefined : readValue(setting, text);
  const fault = read?.fault === undefined ? undefined : words.tell(read.fault.message, read.fault.told?.what);
  const inKernel = read?.value === undefined ? undefined : kernelWords(shown, read.value);
  const beyond = read?.value !== undefined && isBeyond(shown, read.value);
  return (
    <li className={css.setting} data-setting={key} data-drafted={text !== undefined}>
      <div className={css.row}>
        <div className={css.name}>
          <span>
            <code>{key}</code>{' '}
            <span className={css.model} title={t(`modelWhat.${model}`)}>
              {t(`model.${model}`)}
            </span>
          </span>
          <span className={css.meaning}>{settingMeaning(setting, locale)}</span>
        </div>
        <div className={css.value}>
          {canSet ? (
            <ValueField
              setting={setting}
              text={text ?? easyText(setting, held)}
              fault={fault}
              devices={devices}
              onText={onText}
              onReset={() => onText(held)}
            />
          ) : (
            <pre className={css.told}>{state.value === '' ? t('emptyFile') : state.value}</pre>
          )}
          <span className={css.aside}>
            {fault === undefined && [comesTo(shown, read?.value ?? held), inKernel].filter((each) => each !== undefined).join(' · ')}
            {text !== undefined && <span className={css.soft}> {t('held', { value: easyText(setting, held) || t('emptyFile') })}</span>}
          </span>
          {beyond && <span className={css.beyond}>{t('beyond')}</span>}
          {state.note !== undefined && <span className={css.beyond}>{words.tell(state.note, state.noteTold)}</span>}
        </div>
        <div className={css.takes}>
          <span className={css.label}>{t('takes')}</span>
          <Takes shown={shown} />
        </div>
        <div className={css.by}>
          <span className={css.label}>{t('setBy')}</span>
          <SetBy shown={shown} author={author} />
        </div>
        <button type="button" className={css.toggle} aria-expanded={open} aria-controls={panel} onClick={() => setOpen(!open)}>
          <IconChevronRight size={14} aria-hidden="true" />
          <span>
            v1 · v2<span className="visually-hidden"> {t('wordsOf', { key })}</span>
          </span>
        </button>
      </div>
      <div id={panel} hidden={!open}>
        {open && <SettingWords shown={shown} />}
      </div>
    </li>
  );
}
