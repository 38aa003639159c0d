import type { CgroupFormula, CgroupSetting } from '../cgroup-setting/types.ts';
import type { TextLanguage } from '../fill-text.ts';
import { type SettingWords, settingsZh } from './setting-zh.ts';

/** `hugetlb.2MB.max` stands for all sizes, as `hugetlb.max`. */
function chineseOf(key: string): SettingWords | undefined {
  const [, size] = /^hugetlb\.([^.]+)\./.exec(key) ?? [];
  const name = size === undefined ? key : key.replace(`.${size}`, '');
  return Object.hasOwn(settingsZh, name) ? settingsZh[name] : undefined;
}

const sizeOf = (key: string): string => /^hugetlb\.([^.]+)\./.exec(key)?.[1] ?? '';

/** What a setting does, one line. */
export const settingMeaning = ({ key, meaning }: Pick<CgroupSetting, 'key' | 'meaning'>, language: TextLanguage): string =>
  (language === 'zh' ? chineseOf(key)?.meaning : undefined) ?? meaning;

/** What to use in place of a setting where it is not there; undefined where there is nothing to say. */
export const settingElsewhere = (
  { key, elsewhere }: Pick<CgroupSetting, 'key' | 'elsewhere'>,
  language: TextLanguage,
): string | undefined => (elsewhere === undefined ? undefined : ((language === 'zh' ? chineseOf(key)?.elsewhere : undefined) ?? elsewhere));

/** A formula with what is lost by it; a formula without words is the same in every language. */
export function formulaWords(
  { key }: Pick<CgroupSetting, 'key'>,
  { to, formula, lost }: Pick<CgroupFormula, 'to' | 'formula' | 'lost'>,
  language: TextLanguage,
): { formula: string; lost: string | undefined } {
  const told = language === 'zh' ? chineseOf(key)?.[to] : undefined;
  return {
    formula: told?.formula?.replaceAll('{size}', sizeOf(key)) ?? formula,
    lost: lost === undefined ? undefined : (told?.lost ?? lost),
  };
}
