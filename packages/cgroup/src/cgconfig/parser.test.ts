import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { articleConfig, examples } from '../../test/cgconfig-samples.ts';
import { ConfigError } from './config-error.ts';
import { parseConfig } from './parser.ts';
import { isPrintable, printConfig } from './print.ts';
import { bounds, type Config, keywords } from './syntax.ts';

/** The tree without positions. */
const bareTree = (config: Config): unknown => JSON.parse(JSON.stringify(config, (key, value) => (key === 'at' ? undefined : value)));

function faultOf(text: string): ConfigError {
  try {
    parseConfig(text);
  } catch (failure) {
    if (failure instanceof ConfigError) return failure;
    throw failure;
  }
  throw new Error(`${JSON.stringify(text)} was taken`);
}

const perm = 'perm { task { uid = root; gid = root; } admin { uid = root; gid = root; } }';

describe('what libcgroup takes', () => {
  test("the article's file, word for word", () => {
    const { sections } = parseConfig(articleConfig);
    expect(bareTree({ sections })).toEqual({
      sections: [
        {
          kind: 'group',
          name: { text: 'lesscpu' },
          controllers: [{ controller: { text: 'cpu' }, settings: [{ name: { text: 'cpu.shares' }, value: { text: '200' } }] }],
        },
        {
          kind: 'group',
          name: { text: 'morecpu' },
          controllers: [{ controller: { text: 'cpu' }, settings: [{ name: { text: 'cpu.shares' }, value: { text: '800' } }] }],
        },
      ],
    });
    const [, more] = sections;
    expect(more).toMatchObject({ at: { line: 6, column: 1 }, name: { at: { line: 6, column: 7 } } });
    expect(more?.kind === 'group' && more.controllers[0]?.settings[0]?.value.at).toEqual({ line: 8, column: 12 });
  });

  test.each(Object.entries(examples))('the sample %s', (_name, text) => {
    expect(parseConfig(text).sections.length).toBeGreaterThan(0);
  });

  test.each([
    ['nothing', ''],
    ['comments alone', '# one\n  \t# two\n* three\n'],
    ['a group named default', 'group default { cpu {} }'],
    ['keywords in quotation marks', 'group "group" { "cpu" { "cpu.shares" = "200"; } }'],
    ['several controllers, empty ones too', 'group a/b { cpu {} memory { memory.limit_in_bytes = 1G; } }'],
    ['permissions without a controller', `group a { ${perm} }`],
    ['admin before task', 'group a { perm { admin { uid = root; } task { uid = root; } } }'],
    ['a value of several lines', 'group a { devices { devices.allow = "c 1:3 rwm\nc 1:5 rwm"; } }'],
    ['an empty value', 'group a { cpu { cpu.shares = ""; } }'],
    ['everything on one line', 'mount{cpu=/a;}group a{cpu{cpu.shares=1;}}'],
    ['every character of a bare word', 'group aZ09_-/.,%@\\ { cpu {} }'],
  ])('%s', (_name, text) => expect(() => parseConfig(text)).not.toThrow());

  test('a word that only begins like a keyword is a word', () => {
    expect(bareTree(parseConfig('group groups { tasks {} }'))).toMatchObject({ sections: [{ name: { text: 'groups' } }] });
  });
});

describe('what it refuses, with the place', () => {
  test.each([
    ['group a { cpu { cpu.shares = 200 } }', 1, 34, 'expected ";" after the value of cpu.shares, found "}"'],
    ['group a {\n\tcpu {\n\t\tcpu.shares 200;\n', 3, 14, 'expected "=", found the word "200"'],
    ['group a {', 1, 10, 'expected "perm" or the name of a controller, found the end of the file'],
    ['group a { }', 1, 11, 'expected "perm" or the name of a controller, found "}"'],
    ['group { cpu {} }', 1, 7, 'expected the name of the group, found "{"'],
    [
      'group task { cpu {} }',
      1,
      7,
      'expected the name of the group, found "task" (a name or value of this word is written "task", with quotation marks)',
    ],
    ['template default { cpu {} }', 1, 10, 'expected the name of the template, found "default"'],
    ['groups a { cpu {} }', 1, 1, 'expected "group", "template", "mount", "default", "namespace" or "systemd", found the word "groups"'],
    ['mount { }', 1, 9, 'expected the name of a controller, found "}"'],
    ['mount { cpu = ; }', 1, 15, 'expected the value of cpu, found ";"'],
    ['group a { perm { task { uid = root; } } cpu {} }', 1, 39, 'expected "admin", found "}"'],
    ['group a { perm { task { } admin { } } }', 1, 25, 'expected the name of a permission'],
    [`group a { cpu {} ${perm} }`, 1, 18, '"perm" must stand before the controllers'],
    [`group a { ${perm} ${perm} }`, 1, 12 + perm.length, 'a group has one "perm"'],
    ['group a { cpu {} cpu {} }', 1, 18, 'the controller cpu stands in this group already, in line 1'],
    ['group a { cpu { cpu.shares = 1; cpu.shares = 2; } }', 1, 33, 'cpu.shares is set in this section already, in line 1'],
    ['group a { cpu { cpu.shares = 200; } } # mine', 1, 39, 'a comment must stand on a line of its own'],
    ['group a { cpu { x = "1; } }', 1, 21, 'this quotation mark is never closed'],
    ['group a {\r\n', 1, 10, 'Unix line ends'],
    ['group é { cpu {} }', 1, 7, 'found "é", which must stand in quotation marks'],
    ['group "组" { cpu { ä = 1; } }', 1, 19, 'found "ä"'],
    ['group "\u{1f600}" { ! }', 1, 13, 'found "!"'],
    ['\ufeffgroup a { cpu {} }', 1, 1, 'byte order mark'],
    ['group a { cpu { x = "a\0b"; } }', 1, 23, 'not a text file'],
    ['group "a\nb" { ! }', 2, 6, 'found "!"'],
    [`group ${'a'.repeat(4097)} { cpu {} }`, 1, 7, 'longer than 4096'],
    [`#${'x'.repeat(bounds.textBytes)}`, 1, 1, 'larger than 512 KiB'],
    [
      `group a { cpu { ${Array.from({ length: 101 }, (_, index) => `x${index} = 1;`).join(' ')} } }`,
      1,
      1 + 16 + 100 * 8 + 90,
      'more than 100 settings',
    ],
    [`group a { ${Array.from({ length: 101 }, (_, index) => `c${index} {}`).join(' ')} }`, 1, undefined, 'more than 100 controllers'],
    ['group a { cpu {} }\n'.repeat(bounds.sections + 1), bounds.sections + 1, 1, 'more than 8192 sections'],
  ] as const)('case %#', (text, line, column, what) => {
    const { at, message, what: told } = faultOf(text);
    expect(told).toContain(what);
    expect(at.line).toBe(line);
    if (column !== undefined) expect(at.column).toBe(column);
    expect(message).toBe(`line ${at.line}, column ${at.column}: ${told}`);
  });
});

describe('the offending line is shown with a caret', () => {
  test.each([
    ['group a {\n\tcpu {\n\t\tcpu.shares = 200\n\t}\n}\n', '\t}', '\t^'],
    ['group a { cpu { cpu.shares 1; } }', 'group a { cpu { cpu.shares 1; } }', '                           ^'],
    // Characters as wide as two columns have a blank as wide above the caret.
    ['group "组" ! {', 'group "组" ! {', '       \u3000  ^'],
    ['group \u001b { }', 'group \ufffd { }', '      ^'],
  ])('%j', (text, excerpt, caret) => expect(faultOf(text)).toMatchObject({ excerpt, caret }));

  test('of a long line what is around it', () => {
    const fault = faultOf(
      `group a { cpu { ${'cpu.shares_ = 1; '.slice(0, 0)}${Array.from({ length: 40 }, (_, index) => `file${index} = 1;`).join(' ')} ! } }`,
    );
    expect(fault.excerpt.length).toBeLessThanOrEqual(122);
    expect(fault.excerpt[fault.caret.length - 1]).toBe('!');
    expect(fault.excerpt.startsWith('…')).toBe(true);
  });
});

/** Words that can be written, of any script. */
const word = fc
  .oneof(
    fc.string({ minLength: 0, maxLength: 12 }),
    fc.string({ unit: 'grapheme', maxLength: 6 }),
    fc.constantFrom(...keywords, 'cpu.shares', '/a/b', 'a b', 'x\ny', '# no comment', '* neither'),
  )
  .filter(isPrintable);
const at = { line: 1, column: 1 };
const asWord = word.map((text) => ({ text, at }));
const assignments = (minLength: number) =>
  fc.uniqueArray(fc.record({ name: asWord, value: asWord }), { minLength, maxLength: 4, selector: ({ name }) => name.text });
const permissions = fc.record({
  at: fc.constant(at),
  first: fc.constantFrom('task' as const, 'admin' as const),
  task: assignments(1),
  admin: assignments(1),
});
const controllers = fc.uniqueArray(fc.record({ controller: asWord, settings: assignments(0) }), {
  minLength: 1,
  maxLength: 3,
  selector: ({ controller }) => controller.text,
});
const config: fc.Arbitrary<Config> = fc.record({
  sections: fc.array(
    fc.oneof(
      fc.record({
        kind: fc.constantFrom('group' as const, 'template' as const),
        at: fc.constant(at),
        name: asWord,
        permissions: fc.option(permissions, { nil: undefined }),
        controllers,
      }),
      fc.record({ kind: fc.constant('default' as const), at: fc.constant(at), permissions }),
      fc.record({
        kind: fc.constantFrom('mount' as const, 'namespace' as const, 'systemd' as const),
        at: fc.constant(at),
        assignments: assignments(1),
      }),
    ),
    { maxLength: 5 },
  ),
});

describe('whatever the text', () => {
  test('a tree that is printed and read again is the same tree', () => {
    fc.assert(
      fc.property(config, (tree) => {
        expect(bareTree(parseConfig(printConfig(tree)))).toEqual(bareTree(tree));
      }),
      { numRuns: 500 },
    );
  });

  test('a sample that is read, printed and read again is the same tree', () => {
    for (const text of [articleConfig, ...Object.values(examples)]) {
      const tree = parseConfig(text);
      expect(bareTree(parseConfig(printConfig(tree)))).toEqual(bareTree(tree));
    }
  });

  const holds = (text: string): void => {
    try {
      parseConfig(text);
    } catch (failure) {
      if (!(failure instanceof ConfigError)) throw failure;
      const { line, column } = failure.at;
      const lines = text.split('\n');
      if (line < 1 || line > lines.length || column < 1 || column > [...(lines[line - 1] ?? '')].length + 1)
        throw new Error(`${failure.message} is not in ${JSON.stringify(text)}`);
    }
  };

  test('garbage ends in a ConfigError with a place inside the text, never in anything else', () => {
    fc.assert(fc.property(fc.oneof(fc.string({ maxLength: 300 }), fc.string({ unit: 'binary', maxLength: 100 })), holds), {
      numRuns: 1000,
    });
  });

  test('so do valid files with a piece cut out, doubled or replaced', () => {
    const valid = fc.constantFrom(articleConfig, ...Object.values(examples));
    const mutated = fc
      .tuple(
        valid,
        fc.nat(),
        fc.nat(20),
        fc.oneof(fc.constantFrom('', '{', '}', ';', '=', '"', '\n', '#', 'perm', 'default'), fc.string({ maxLength: 5 })),
      )
      .map(([text, where, length, piece]) => {
        const from = where % (text.length + 1);
        return text.slice(0, from) + piece + text.slice(from + length);
      });
    fc.assert(fc.property(mutated, holds), { numRuns: 2000 });
  });
});
