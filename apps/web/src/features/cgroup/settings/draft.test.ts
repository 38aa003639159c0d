import type { CgroupSettingState } from '@bulkhead/model';
import { cgroupSettings, findCgroupSetting } from '@bulkhead/model/cgroup-setting';
import { describe, expect, it } from 'vitest';
import { changesOf, easyText, isBeyond, kernelWords, quotaMillis, readValue, typed } from './draft.ts';
import { isWanted, type ShownSetting, settingsByController } from './setting-list.ts';

const settingOf = (key: string) => {
  const setting = findCgroupSetting(key);
  if (setting === undefined) throw new Error(`no ${key}`);
  return setting;
};
const shown = (key: string, facts: Partial<CgroupSettingState> = {}): ShownSetting => {
  const { controller, model, preset } = settingOf(key);
  const state: CgroupSettingState = { key, controller, model, value: preset, files: [], ...facts };
  return { state, setting: settingOf(key), canSet: true, wantsController: false };
};

describe('a value as it is typed', () => {
  it.each([
    ['memory.max', '64M', '67108864'],
    ['memory.max', '-1', 'max'],
    ['cpu.max', ' 50000  100000 ', '50000 100000'],
    ['cpuset.cpus', '0,1,2', '0-2'],
    ['io.max', 'sda rbps=1M', '1:1 rbps=1048576'],
    ['io.weight', 'default 200\n/dev/nvme0n1 50', '200\n1:1 50'],
  ])('%s takes %j', (key, text, value) => expect(readValue(settingOf(key), text)).toEqual({ value }));

  it.each([
    ['memory.max', 'a lot', 'value.not'],
    ['cpu.weight', '0', 'value.range'],
    ['cpu.max', '5 100000', 'value.range-quota'],
    ['io.prio.class', 'first', 'value.not-choice'],
    ['pids.max', '', 'value.not'],
  ])('%s refuses %j in words of the catalogue', (key, text, code) =>
    expect(readValue(settingOf(key), text).fault?.told?.what.code).toBe(code),
  );

  it('is written as people do, and reads as the same', () => {
    const memory = settingOf('memory.max');
    expect(['0', '67108864', '1073741824', '1000', '1025024', 'max'].map((value) => easyText(memory, value))).toEqual([
      '0',
      '64M',
      '1G',
      '1000',
      '1001K',
      'max',
    ]);
    for (const value of ['67108864', '4096', '1125899906842624', 'max'])
      expect(readValue(memory, easyText(memory, value))).toEqual({ value });
    expect(easyText(settingOf('pids.max'), '1024')).toBe('1024');
  });

  it('of every setting, the value of a new group is one it takes', () => {
    for (const setting of cgroupSettings.filter(({ model }) => model !== 'readable'))
      expect(readValue(setting, easyText(setting, setting.preset)).value, setting.key).toBe(setting.preset);
  });
});

describe('a draft', () => {
  it('forgets a text that says what is held, however it is written', () => {
    const memory = shown('memory.max', { value: '67108864' });
    const draft = typed(new Map(), memory, '32M');
    expect([...draft]).toEqual([['memory.max', '32M']]);
    expect(typed(draft, memory, '64M').size).toBe(0);
    expect(typed(draft, memory, '67108864').size).toBe(0);
  });

  it('asks for all that can be read, counts what cannot, and tells where a controller is wanted', () => {
    const settings = [shown('memory.max'), shown('pids.max'), { ...shown('cpu.weight'), wantsController: true }];
    const draft = new Map([
      ['memory.max', ' 32M '],
      ['pids.max', 'many'],
    ]);
    expect(changesOf(settings, draft)).toEqual({ changes: [{ key: 'memory.max', value: '32M' }], faults: 1, enableControllers: false });
    expect(changesOf(settings, new Map([['cpu.weight', '50']])).enableControllers).toBe(true);
  });
});

describe('a bound that a group above sets', () => {
  const because = '/jobs above has no more; the lesser of both holds';
  it.each([
    ['memory.max', '67108864', '67108865', true],
    ['memory.max', '67108864', '67108864', false],
    ['memory.max', '67108864', 'max', true],
    ['cpu.max', '50000 100000', '60000 100000', true],
    ['cpu.max', '50000 100000', '25000 50000', false],
    ['cpu.max', '50000 100000', 'max 100000', true],
    ['cpuset.cpus', '0-1', '1-2', true],
    ['cpuset.cpus', '0-1', '1', false],
  ])('of %s is %s: %s', (key, greatest, value, beyond) =>
    expect(isBeyond(shown(key, { bounds: { greatest, because } }), value)).toBe(beyond),
  );
  it('without a reason is the range of the kernel, which is told otherwise', () =>
    expect(isBeyond(shown('pids.max', { bounds: { least: '0', greatest: '4194304' } }), 'max')).toBe(false));
});

it('a quota is so many CPUs', () => {
  expect(quotaMillis('50000 100000')).toBe(500);
  expect(quotaMillis('max 100000')).toBeUndefined();
});

describe('what the kernel will hold', () => {
  const at = (version: 1 | 2, ...files: [name: string, text: string][]): Partial<CgroupSettingState> => ({
    version,
    files: files.map(([name, text]) => ({ path: `/sys/fs/cgroup/x/${name}`, text })),
  });

  it('is told where the words of the version in force are others', () => {
    expect(kernelWords(shown('cpu.weight', at(1, ['cpu.shares', '1024'])), '50')).toBe('cpu.shares = 512');
    expect(kernelWords(shown('cpu.max', at(1, ['cpu.cfs_quota_us', '-1'], ['cpu.cfs_period_us', '100000'])), '50000 100000')).toBe(
      'cpu.cfs_quota_us = 50000',
    );
    expect(kernelWords(shown('cpu.weight', at(2, ['cpu.weight', '100'])), '50')).toBeUndefined();
    expect(kernelWords(shown('pids.max', at(1, ['pids.max', 'max'])), '44')).toBeUndefined();
  });

  it('is left to the dry run where it depends on another setting', () => {
    const files = at(1, ['memory.memsw.limit_in_bytes', '9223372036854771712'], ['memory.limit_in_bytes', '9223372036854771712']);
    expect(kernelWords(shown('memory.swap.max', files), '1048576')).toBeUndefined();
  });
});

describe('settings of a group', () => {
  it('stand by controller and model; what it cannot have stands apart, and what only wants its controller does not', () => {
    const state = (key: string, facts: Partial<CgroupSettingState> = {}) => shown(key, facts).state;
    const groups = settingsByController([
      state('pids.max'),
      { ...state('memory.high', { refused: { reason: 'other-version', text: 'v1 has none' } }), value: undefined },
      state('cpu.max'),
      state('cpu.weight'),
      { ...state('io.max', { refused: { reason: 'not-delegated', text: 'not handed down' } }), value: undefined },
      { ...state('pids.max'), key: 'of.a.newer.agent' },
    ]);
    expect(
      groups.map(({ controller, offered, missing }) => [controller, offered.map(({ setting }) => setting.key), missing.length]),
    ).toEqual([
      ['cpu', ['cpu.weight', 'cpu.max'], 0],
      ['memory', [], 1],
      ['io', ['io.max'], 0],
      ['pids', ['pids.max'], 0],
    ]);
    expect(groups[2]?.offered[0]).toMatchObject({ canSet: true, wantsController: true });
  });

  it('are found by key, meaning and file of either version, and by being another than a new group has', () => {
    const words = { meaning: 'Share of the CPU time', isDrafted: false };
    const find = (search: string) => isWanted(shown('cpu.weight'), { search, changedAlone: false }, words);
    expect(['cpu.w', 'SHARE of', 'cpu.shares', ''].every(find)).toBe(true);
    expect(find('memory')).toBe(false);
    const changed = (value: string, isDrafted = false) =>
      isWanted(shown('cpu.weight', { value }), { search: '', changedAlone: true }, { ...words, isDrafted });
    expect([changed('100'), changed('50'), changed('100', true)]).toEqual([false, true, true]);
  });
});
