import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import en from '../../messages/en.json' with { type: 'json' };
import zh from '../../messages/zh.json' with { type: 'json' };

type Catalogue = { [key: string]: string | Catalogue };

function flatten(catalogue: Catalogue, prefix = ''): Map<string, string> {
  const entries = Object.entries(catalogue).flatMap(([key, value]): [string, string][] =>
    typeof value === 'string' ? [[prefix + key, value]] : [...flatten(value, `${prefix}${key}.`)],
  );
  return new Map(entries);
}

const source = join(import.meta.dirname, '..');
const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.tsx?$/.test(name) && !name.endsWith('.test.ts'))
  .map((name) => ({ name, text: readFileSync(join(source, name), 'utf8') }));

const english = flatten(en);
const chinese = flatten(zh);

/** The expression that begins at `start`, up to the comma or bracket that ends it. */
function argumentAt(text: string, start: number): string {
  let depth = 0;
  let end = start;
  for (; end < text.length; end += 1) {
    const character = text[end] ?? '';
    if ('([{'.includes(character)) depth += 1;
    else if (')]}'.includes(character)) depth -= 1;
    if (depth < 0 || (depth === 0 && character === ',')) break;
  }
  return text.slice(start, end).trim();
}

/**
 * Keys a file asks for: `const t = useTranslations('a')` and `t('b')` make `a.b`; of a template only what stands before
 * `${` is known, and of a variable only the namespace (that such keys exist is for the compiler to hold: they are typed).
 */
function usedKeys(text: string): { exact: string[]; prefixes: string[] } {
  const exact: string[] = [];
  const prefixes: string[] = [];
  const namespaces = new Map<string, Set<string>>();
  for (const [, variable = '', namespace = ''] of text.matchAll(
    /const (\w+) = (?:await )?(?:useTranslations|getTranslations)\('([^']+)'\)/g,
  ))
    namespaces.set(variable, (namespaces.get(variable) ?? new Set()).add(namespace));
  for (const [variable, spaces] of namespaces)
    for (const match of text.matchAll(new RegExp(`(?<![\\w.])${variable}(?:\\.rich)?\\(`, 'g'))) {
      const argument = argumentAt(text, match.index + match[0].length);
      for (const space of spaces) {
        if (argument.startsWith('`')) prefixes.push(`${space}.${argument.slice(1).split('${')[0]}`);
        else {
          const literals = [...argument.matchAll(/(?<!=== )'([^']+)'/g)].map(([, literal]) => literal);
          for (const literal of literals) exact.push(`${space}.${literal}`);
          for (const [, template = ''] of argument.matchAll(/`([^`]*)`/g)) prefixes.push(`${space}.${template.split('${')[0]}`);
          if (literals.length === 0) prefixes.push(`${space}.`);
        }
      }
    }
  for (const [, namespace = '', key = ''] of text.matchAll(/\(await getTranslations\('([^']+)'\)\)\('([^']+)'\)/g))
    exact.push(`${namespace}.${key}`);
  return { exact, prefixes };
}

const uses = files.map(({ name, text }) => ({ name, ...usedKeys(text) }));

describe('message catalogue', () => {
  it('says everything in both languages', () => {
    expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort());
  });

  it('takes the same values and marks in both languages', () => {
    const placeholders = (text: string) =>
      [
        ...new Set([...text.matchAll(/(?<!(?:one|other|=\d|\b\w) )\{(\w+)[,}]|<(\w+)>/g)].map(([, value, mark]) => value ?? `<${mark}>`)),
      ].sort();
    for (const [key, text] of english) expect(placeholders(chinese.get(key) ?? ''), key).toEqual(placeholders(text));
  });

  it('has every key that is asked for', () => {
    const missing = uses.flatMap(({ name, exact }) => {
      // A file may use one variable name for two namespaces in two functions: one of them must have the key.
      const byKey = Map.groupBy(exact, (key) => key.split('.').slice(1).join('.'));
      return [...byKey.values()].filter((keys) => !keys.some((key) => english.has(key))).map((keys) => `${name}: ${keys.join(' or ')}`);
    });
    expect(missing).toEqual([]);
  });

  it('has no key that nobody asks for', () => {
    const exact = new Set(uses.flatMap((use) => use.exact));
    const prefixes = uses.flatMap((use) => use.prefixes);
    const unused = [...english.keys()].filter((key) => !exact.has(key) && !prefixes.some((prefix) => key.startsWith(prefix)));
    expect(unused).toEqual([]);
  });
});
