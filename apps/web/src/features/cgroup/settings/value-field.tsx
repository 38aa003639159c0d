'use client';
import type { BlockDevice } from '@bulkhead/model';
import type { CgroupSetting } from '@bulkhead/model/cgroup-setting';
import { NativeSelect, Textarea, TextInput } from '@mantine/core';
import { useTranslations } from 'next-intl';
import type { KeyboardEvent } from 'react';
import css from './settings.module.css';

/** Kinds of several lines. */
const long: ReadonlySet<CgroupSetting['kind']> = new Set([
  'device-weights',
  'device-limits',
  'device-targets',
  'device-rules',
  'priorities',
]);
const ofDisks: ReadonlySet<CgroupSetting['kind']> = new Set(['device-weights', 'device-limits', 'device-targets']);
const mostDisks = 12;

/** A field for the value of a setting, by the form of its values. Escape puts back what is held. */
export function ValueField({
  setting,
  text,
  fault,
  devices,
  onText,
  onReset,
}: {
  setting: CgroupSetting;
  text: string;
  fault: string | undefined;
  devices: readonly BlockDevice[];
  onText(text: string): void;
  onReset(): void;
}) {
  const t = useTranslations('cgroupSettings');
  const { key, kind, choices } = setting;
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    onReset();
  };
  const common = { size: 'xs', 'aria-label': t('valueOf', { key }), error: fault, onKeyDown } as const;
  if (kind === 'flag' || kind === 'choice') {
    const data = kind === 'choice' ? [...(choices ?? [])] : (['0', '1'] as const).map((value) => ({ value, label: t(`flag.${value}`) }));
    return <NativeSelect {...common} data={data} value={text} onChange={(event) => onText(event.currentTarget.value)} />;
  }
  const typing = { ...common, classNames: { input: css.input ?? '' }, value: text, autoComplete: 'off', spellCheck: false } as const;
  if (!long.has(kind))
    return <TextInput {...typing} placeholder={t('emptyFile')} onChange={(event) => onText(event.currentTarget.value)} />;
  const disks = devices.filter(({ isPartition }) => !isPartition).slice(0, mostDisks);
  return (
    <>
      <Textarea
        {...typing}
        placeholder={t('emptyFile')}
        autosize
        minRows={1}
        maxRows={8}
        onChange={(event) => onText(event.currentTarget.value)}
      />
      {kind !== 'device-rules' && <span className={css.hint}>{t('linesWhat')}</span>}
      {ofDisks.has(kind) && disks.length > 0 && (
        <span className={css.hint}>{t('disks', { disks: disks.map(({ name, number }) => `${name} ${number}`).join(', ') })}</span>
      )}
    </>
  );
}
