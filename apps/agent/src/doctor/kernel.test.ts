import { expect, test } from 'vitest';
import { judgeNamespace, judgeOption, judgePressure, judgeRelease } from './kernel.ts';
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
  expect(judgeNamespace(user, false, undefined)).toMatchObject({ state: 'bad', remedy: 'a kernel built with CONFIG_USER_NS=y' });
  expect(judgeNamespace(user, true, 0)).toMatchObject({ state: 'bad', remedy: 'sysctl -w user.max_user_namespaces=15000' });
  expect(judgeNamespace(user, true, 100)).toMatchObject({ state: 'attention', found: 'at most 100 of them' });
  expect(judgeNamespace(user, true, 15_000)).toEqual({ state: 'good', found: 'there, at most 15000 of them' });
  expect(judgeNamespace(user, true, undefined).state).toBe('good');
  expect(judgeNamespace({ type: 'time', proc: 'time', option: 'TIME_NS' }, false, undefined).state).toBe('attention');
});

test('options of a kernel are read as they are written, and what is written nowhere is unknown', () => {
  const config = 'CONFIG_PSI=y\n# CONFIG_VETH is not set\nCONFIG_BRIDGE=m\nCONFIG_PSI_DEFAULT_DISABLED=y\nCONFIG_BRIDGE_NETFILTER=y\n';
  expect(['PSI', 'VETH', 'BRIDGE', 'OVERLAY_FS'].map((name) => parseKernelOption(config, name))).toEqual(['y', 'n', 'm', 'n']);
  expect(judgeOption('m', false, 'x', 'VETH').state).toBe('good');
  expect(judgeOption('n', false, 'no wires', 'VETH')).toMatchObject({ state: 'attention', cost: 'no wires' });
  expect(judgeOption('n', true, 'x', 'VETH').state).toBe('good');
  expect(judgeOption(undefined, false, 'x', 'VETH').state).toBe('unknown');
});

test('pressure that is switched off has another remedy than pressure that is not compiled in', () => {
  expect(judgePressure(true, undefined).state).toBe('good');
  expect(judgePressure(false, 'y').remedy).toContain('psi=1');
  expect(judgePressure(false, 'n').remedy).toContain('CONFIG_PSI=y');
});
