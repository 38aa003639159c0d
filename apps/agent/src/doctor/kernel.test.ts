import { doctorText } from '@bulkhead/model/doctor-text';
import { expect, test } from 'vitest';
import { judgeNamespace, judgeOption, judgePressure, judgeRelease, judgeTypes } from './kernel.ts';
import { parseKernelOption } from './kernel-config.ts';

test.each([
  ['4.19.0-27-amd64', 'bad'],
  ['5.13.19', 'bad'],
  ['5.14.0', 'attention'],
  ['6.0.12', 'attention'],
  ['6.1.0-44-amd64', 'good'],
  ['6.18.44-fc-v595', 'good'],
  ['7.0.0', 'good'],
])('release %s is %s', (release, state) => {
  expect(judgeRelease(release).state).toBe(state);
});

test('a namespace type that is missing or switched off stops containers; of time alone it only costs something', () => {
  const user = { type: 'user', proc: 'user', option: 'USER_NS' } as const;
  expect(judgeNamespace(user, false, undefined)).toMatchObject({
    state: 'bad',
    remedy: doctorText('kernel-built-with', { option: 'USER_NS' }),
  });
  expect(judgeNamespace(user, true, 0)).toMatchObject({ state: 'bad', remedy: doctorText('kernel.namespace.raise', { type: 'user' }) });
  expect(judgeNamespace(user, true, 100)).toMatchObject({ state: 'attention', found: doctorText('kernel.namespace.few', { limit: 100 }) });
  expect(judgeNamespace(user, true, 15_000)).toEqual({ state: 'good', found: doctorText('kernel.namespace.at-most', { limit: 15_000 }) });
  expect(judgeNamespace(user, true, undefined).state).toBe('good');
  expect(judgeNamespace({ type: 'time', proc: 'time', option: 'TIME_NS' }, false, undefined).state).toBe('attention');
});

test('options of a kernel are read as they are written, and what is written nowhere is unknown', () => {
  const config = 'CONFIG_PSI=y\n# CONFIG_VETH is not set\nCONFIG_BRIDGE=m\nCONFIG_PSI_DEFAULT_DISABLED=y\nCONFIG_BRIDGE_NETFILTER=y\n';
  expect(['PSI', 'VETH', 'BRIDGE', 'OVERLAY_FS'].map((name) => parseKernelOption(config, name))).toEqual(['y', 'n', 'm', 'n']);
  const loss = doctorText('kernel.veth.loss');
  expect(judgeOption('m', false, loss, 'VETH').state).toBe('good');
  expect(judgeOption('n', false, loss, 'VETH')).toMatchObject({ state: 'attention', cost: loss });
  expect(judgeOption('n', true, loss, 'VETH').state).toBe('good');
  expect(judgeOption(undefined, false, loss, 'VETH').state).toBe('unknown');
});

test('a kernel that does not tell its types costs time, and what would mend it is said', () => {
  expect(judgeTypes(true).state).toBe('good');
  expect(judgeTypes(false)).toMatchObject({ state: 'attention', remedy: doctorText('kernel-built-with', { option: 'DEBUG_INFO_BTF' }) });
});

test('pressure that is switched off has another remedy than pressure that is not compiled in', () => {
  expect(judgePressure(true, undefined).state).toBe('good');
  expect(judgePressure(false, 'y').remedy?.code).toBe('kernel.psi.switch-on');
  expect(judgePressure(false, 'n').remedy).toEqual(doctorText('kernel-built-with', { option: 'PSI' }));
});
