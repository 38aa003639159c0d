import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cgroupSettings, findCgroupSetting, hugetlbSettings } from '../cgroup-setting.ts';
import { en } from './en.ts';
import { cgroupProblem, cgroupText, formulaWords, settingElsewhere, settingMeaning, tellCgroup } from './index.ts';
import { settingsZh } from './setting-zh.ts';
import { zh } from './zh.ts';

const placeholders = (text: string): string[] => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name))].sort();
/** English sentences, not names of files or formulas of them. */
const isEnglish = (text: string): boolean => /\b(?:is|are|of|the|not|no|none|cannot|and|with|first|same|where)\b/.test(text);

describe('the words of control groups', () => {
  it('are in both languages, with the same values, and none is left in English', () => {
    expect(Object.keys(zh)).toEqual(Object.keys(en));
    for (const [code, text] of Object.entries(en)) expect(placeholders(zh[code as keyof typeof en]), code).toEqual(placeholders(text));
    expect(Object.entries(zh).filter(([code, text]) => text === en[code as keyof typeof en] && isEnglish(text))).toEqual([]);
  });

  it('have no text that nobody tells', () => {
    const root = join(import.meta.dirname, '../../../..');
    const read = (directory: string): string[] =>
      readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' })
        .filter((name) => /\.tsx?$/.test(name) && !name.endsWith('.test.ts') && !/(?:^|\/)(?:en|zh)\.ts$/.test(name))
        .map((name) => readFileSync(join(root, directory, name), 'utf8'));
    const sources = [...read('packages/model/src'), ...read('packages/cgroup/src'), ...read('apps/agent/src')].join('\n');
    // A code made of parts, `protected.${verb}`, is told by all that fit it.
    const templates = [...sources.matchAll(/`([a-z][a-z.]*\$\{[^`}]*\}(?:\.[a-z]+)?)`/g)].map(
      ([, template = '']) => new RegExp(`^${template.replaceAll('.', '\\.').replaceAll(/\$\{[^}]*\}/g, '[a-z0-9-]+')}$`),
    );
    const told = (code: string): boolean =>
      code.endsWith('.then') ||
      sources.includes(`'${code}'`) ||
      // Where somebody lives is told of the group itself, or of one below it.
      (code.startsWith('vital.') && sources.includes(`'${code.replace(/\.below$/, '')}'`)) ||
      templates.some((template) => template.test(code));
    expect(Object.keys(en).filter((code) => !told(code))).toEqual([]);
  });

  it('tell every setting of the registry in Chinese: what it does, its formulas, what is lost, and what is there instead', () => {
    const settings = [...cgroupSettings, ...hugetlbSettings('2MB')];
    const english = settings.flatMap((setting) => [
      ...(settingMeaning(setting, 'zh') === setting.meaning ? [`${setting.key}: meaning`] : []),
      ...(setting.elsewhere !== undefined && settingElsewhere(setting, 'zh') === setting.elsewhere ? [`${setting.key}: elsewhere`] : []),
      ...setting.formulas.flatMap((formula) => {
        const told = formulaWords(setting, formula, 'zh');
        return [
          ...(isEnglish(told.formula) ? [`${setting.key}: formula to ${formula.to}`] : []),
          ...(formula.lost !== undefined && told.lost === formula.lost ? [`${setting.key}: lost to ${formula.to}`] : []),
        ];
      }),
    ]);
    expect(english).toEqual([]);
    const names = new Set(settings.map(({ key }) => key.replace('.2MB', '')));
    expect(Object.keys(settingsZh).filter((key) => !names.has(key))).toEqual([]);
  });

  it('are those of the registry in English, and of a size in its own', () => {
    const setting = hugetlbSettings('1GB')[0];
    const formula = setting?.formulas[0];
    if (setting === undefined || formula === undefined) throw new Error('no setting');
    expect(settingMeaning(setting, 'en')).toBe(setting.meaning);
    expect(formulaWords(setting, formula, 'zh').formula).toBe('hugetlb.1GB.limit_in_bytes = hugetlb.1GB.max（max 为 -1）');
    expect(findCgroupSetting('cpu.weight') && settingElsewhere({ key: 'cpu.weight' }, 'zh')).toBeUndefined();
  });
});

describe('a text with texts in it', () => {
  it('is told in one language throughout', () => {
    const text = cgroupText('value.not', { key: 'cpu.idle', text: '"x"', wanted: [cgroupText('value.wanted.flag')] });
    expect(tellCgroup(text, 'en')).toBe('cpu.idle: "x" is not 0 or 1');
    expect(tellCgroup(text, 'zh')).toBe('cpu.idle："x" 不符合要求，应为0 或 1');
  });

  it('makes a failure whose message is English and whose codes go along', () => {
    const told = cgroupText('value.period', { key: 'cpu.max', text: '5' });
    expect(cgroupProblem('invalid', told)).toMatchObject({ code: 'invalid', message: tellCgroup(told, 'en'), told: { what: told } });
  });
});
