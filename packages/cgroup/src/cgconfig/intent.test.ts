import { describe, expect, test } from 'vitest';
import { articleConfig, examples } from '../../test/cgconfig-samples.ts';
import { parseAccounts } from './accounts.ts';
import { type Intent, readIntent } from './intent.ts';
import { parseConfig } from './parser.ts';

const accounts = parseAccounts({
  passwd:
    'root:x:0:0:root:/root:/bin/bash\nwww-data:x:33:33::/var/www:/usr/sbin/nologin\n\nbroken\n1000:x:7:7::/:/bin/sh\nroot:x:99:0::/:/bin/sh\n',
  group: 'root:x:0:\nadm:x:4:syslog\nusers:x:100:\nwww-data:x:33:\n',
});
const intentOf = (text: string): Intent => readIntent(parseConfig(text), text, accounts);
const faultsOf = (text: string): string[] => intentOf(text).faults.map(({ message }) => message);
const group = (permissions: string): string => `group a { perm { ${permissions} } cpu {} }`;

test("the article's file: two groups, each with one file of cpu", () => {
  const { groups, faults, notes, ...rest } = intentOf(articleConfig);
  expect({ faults, notes, ...rest }).toEqual({ faults: [], notes: [], templates: [], mounts: [], namespaces: new Map(), systemd: [] });
  expect(groups).toMatchObject([
    {
      path: '/lesscpu',
      permissions: undefined,
      controllers: [{ name: 'cpu' }],
      files: [{ controller: 'cpu', file: 'cpu.shares', value: '200', at: { line: 3 } }],
    },
    {
      path: '/morecpu',
      permissions: undefined,
      controllers: [{ name: 'cpu' }],
      files: [{ controller: 'cpu', file: 'cpu.shares', value: '800', at: { line: 8 } }],
    },
  ]);
});

test.each(Object.entries(examples))('nothing is wrong with the sample %s', (_name, text) => expect(faultsOf(text)).toEqual([]));

describe('permissions', () => {
  test('names become ids, modes octal numbers', () => {
    const [pages, transfer] = intentOf(examples.permissions).groups;
    expect(pages?.permissions).toMatchObject({
      task: { uid: 0, gid: 33, fperm: 0o660 },
      admin: { uid: 0, gid: 0, dperm: 0o755, fperm: 0o644 },
    });
    expect(transfer?.permissions).toBeUndefined();
  });
  test('a default fills up what a group leaves out, wherever it stands; templates have nothing of it', () => {
    const { groups, templates } = intentOf(
      `group a { perm { task { uid = 5; } admin { uid = 6; } } cpu {} } group b { cpu {} } template %u { cpu {} } default { perm { task { uid = 1; gid = 2; } admin { fperm = 600; } } }`,
    );
    expect(groups[0]?.permissions).toMatchObject({ task: { uid: 5, gid: 2 }, admin: { uid: 6, fperm: 0o600 } });
    expect(groups[1]?.permissions).toMatchObject({ task: { uid: 1, gid: 2 }, admin: { fperm: 0o600 } });
    expect(templates[0]?.permissions).toBeUndefined();
  });
  test('of several defaults the last counts', () => {
    const { groups } = intentOf(
      'default { perm { task { uid = 1; } admin { uid = 1; } } } default { perm { task { gid = 2; } admin { gid = 2; } } } group a { cpu {} }',
    );
    expect(groups[0]?.permissions).toMatchObject({ task: { gid: 2 } });
    expect(groups[0]?.permissions?.task.uid).toBeUndefined();
  });
  test('a name of digits is a name before it is a number', () => {
    expect(intentOf(group('task { uid = 1000; } admin { uid = 1001; }')).groups[0]?.permissions).toMatchObject({
      task: { uid: 7 },
      admin: { uid: 1001 },
    });
  });
  test.each([
    [group('task { uid = nobody-here; } admin { uid = root; }'), 'line 1, column 31: there is no user "nobody-here" on this host'],
    [group('task { gid = root; } admin { gid = wheel; }'), 'line 1, column 53: there is no group "wheel" on this host'],
    [group('task { uid = 4294967295; } admin { gid = 0; }'), 'line 1, column 31: there is no user "4294967295" on this host'],
    [group('task { fperm = 9; } admin { uid = 0; }'), 'line 1, column 33: fperm takes an octal number (664), not "9"'],
    [group('task { fperm = 0x1b6; } admin { uid = 0; }'), 'line 1, column 33: fperm takes an octal number (664), not "0x1b6"'],
  ])('%s', (text, fault) => expect(faultsOf(text)).toEqual([fault]));
  test('what libcgroup passes over is told', () => {
    expect(intentOf(group('task { tuid = root; dperm = 700; } admin { uid = 0; }')).notes).toMatchObject([
      { code: 'permission-without-effect', params: { name: 'tuid', of: 'task' } },
      { code: 'permission-without-effect', params: { name: 'dperm', of: 'task' } },
    ]);
  });
});

describe('names of groups', () => {
  test.each([
    ['a', '/a'],
    ['/a/b', '/a/b'],
    ['a//b/', '/a/b'],
    ['.', '/'],
    ['./a', '/a'],
    ['"a b"', '/a b'],
  ])('%s', (name, path) => expect(intentOf(`group ${name} { cpu {} }`).groups[0]?.path).toBe(path));
  test.each([
    ['../a', '".." is no group'],
    ['a/../../b', '".." is no group'],
    ['""', 'the name of a group is empty'],
    ['a'.repeat(256), 'longer than 255 bytes'],
    [Array.from({ length: 33 }, () => 'a').join('/'), 'deeper than 32 groups'],
    ['"a\nb"', 'may not contain a line end'],
  ])('%s', (name, fault) => expect(faultsOf(`group ${name} { cpu {} }`)).toEqual([expect.stringContaining(fault)]));
  test('two sections of one group are one, and the later value counts', () => {
    const { groups, notes } = intentOf('group a { cpu { cpu.shares = 1; x = 2; } }\ngroup /a { cpu { cpu.shares = 3; } memory {} }');
    expect(groups).toHaveLength(1);
    expect(groups[0]?.controllers.map(({ name }) => name)).toEqual(['cpu', 'memory']);
    expect(groups[0]?.files.map(({ file, value }) => `${file}=${value}`)).toEqual(['x=2', 'cpu.shares=3']);
    expect(notes).toMatchObject([{ code: 'same-group', params: { path: '/a', line: '1' }, at: { line: 2, column: 1 } }]);
  });
});

describe('files', () => {
  test.each([
    ['../tasks = 1;', 'is not the name of a file of a group'],
    ['a/b = 1;', 'is not the name of a file of a group'],
    ['"" = 1;', 'is not the name of a file of a group'],
    ['cpu.shares = " ";', 'the value of cpu.shares is empty'],
  ])('%s', (setting, fault) => expect(faultsOf(`group a { cpu { ${setting} } }`)).toEqual([expect.stringContaining(fault)]));
  test('one file in two controllers of a group is a mistake', () => {
    expect(faultsOf('group a { cpu { cpu.shares = 1; } cpuacct { cpu.shares = 2; } }')).toEqual([
      expect.stringContaining('set for this group already, in line 1'),
    ]);
  });
});

describe('mounts and namespaces', () => {
  test('controllers of one mount point are one, options of mount are none', () => {
    expect(intentOf('mount { "cpu,nodev" = /c/; cpuacct = /c; "name=x,cpuset" = /d; }').mounts).toMatchObject([
      { names: ['cpu', 'cpuacct'], mountPoint: '/c' },
      { names: ['name=x', 'cpuset'], mountPoint: '/d' },
    ]);
  });
  test('namespaces are kept by controller', () => {
    expect([...intentOf(examples.namespaces).namespaces].map(([name, { path }]) => [name, path])).toEqual([
      ['cpu', '/daemons'],
      ['cpuacct', '/daemons'],
    ]);
  });
  test.each([
    ['mount { cpu = /a; } namespace { cpu = b; }', 'mount or namespace sections, not both (mount: line 1)'],
    ['namespace { cpu = a; cpu = b; }', 'cpu has a namespace already, in line 1'],
    ['namespace { cpu = ../a; }', '".." is no group'],
    ['mount { cpu = relative; }', 'is no path from /'],
    ['mount { "nodev" = /a; }', 'names no controller'],
  ])('%s', (text, fault) => expect(faultsOf(text)).toEqual([expect.stringContaining(fault)]));
});

describe('systemd', () => {
  test.each([
    ['slice = a.slice;', '"systemd" wants a scope'],
    ['slice = a; scope = b.scope;', '"a" is no slice'],
    ['slice = a.slice; scope = b.scope; pid = 1;', '"1" is no pid'],
    ['slice = a.slice; scope = b.scope; setdefault = no;', '"no" is no setdefault'],
    ['slice = a.slice; scope = b.scope; constructor = c;', 'not constructor'],
    ['slice = a.slice; scope = b.scope; unit = c;', '"systemd" takes slice, scope, setdefault and pid, not unit'],
  ])('%s', (assignments, fault) => expect(faultsOf(`systemd { ${assignments} }`)).toEqual([expect.stringContaining(fault)]));
});

test('everything that is wrong is told at once', () => {
  expect(faultsOf('group ../a { cpu {} }\ngroup b { perm { task { uid = who; } admin { gid = what; } } cpu {} }')).toHaveLength(3);
});
