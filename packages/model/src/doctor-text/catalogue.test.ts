import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { en } from './en.ts';
import { doctorTitle, tellDoctor } from './index.ts';
import { zh } from './zh.ts';

const placeholders = (text: string): string[] => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name))].sort();

describe("the doctor's catalogue", () => {
  it('says everything in both languages, with the same values', () => {
    expect(Object.keys(zh)).toEqual(Object.keys(en));
    for (const [code, text] of Object.entries(en)) expect(placeholders(zh[code as keyof typeof en]), code).toEqual(placeholders(text));
  });

  it('leaves nothing in English where it is not a name or a command', () => {
    const same = Object.entries(en).filter(([code, text]) => zh[code as keyof typeof en] === text);
    const untranslated = same.filter(([, text]) => /\b(?:is|are|of|the|not|no|cannot|and)\b/.test(text));
    expect(untranslated).toEqual([]);
  });

  it('has no text that nobody tells', () => {
    const root = join(import.meta.dirname, '../../../..');
    const read = (directory: string): string[] =>
      readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' })
        .filter((name) => /\.tsx?$/.test(name) && !name.endsWith('.test.ts') && !name.includes('node_modules'))
        .map((name) => readFileSync(join(root, directory, name), 'utf8'));
    const sources = [...read('apps/agent/src'), ...read('apps/cli/src'), ...read('apps/web/src')].join('\n');
    // A code made of parts, `kernel.${name}.loss`, is told by all that fit it.
    const templates = [...sources.matchAll(/`([a-z][a-z0-9-]*\.[^`]*\$\{[^`]*)`/g)].map(
      ([, template = '']) => new RegExp(`^${template.replace(/\./g, '\\.').replace(/\$\{[^}]*\}/g, '[a-z0-9.-]+')}$`),
    );
    const told = (code: string): boolean =>
      sources.includes(`'${code.replace(/^title\./, '')}'`) ||
      templates.some((template) => template.test(code) || template.test(code.replace(/^title\./, '')));
    expect(Object.keys(en).filter((code) => !told(code))).toEqual([]);
  });
});

describe('a text', () => {
  it('is told in the language asked for', () => {
    const text = { code: 'network.port.taken', values: { place: '127.0.0.1:8470', name: 'nginx', pid: 812 } };
    expect(tellDoctor(text, 'en')).toBe('127.0.0.1:8470 is taken by nginx, process 812');
    expect(tellDoctor(text, 'zh')).toBe('127.0.0.1:8470 已被 nginx 占用，进程 812');
  });

  it('of another version is told as far as it is known', () => {
    expect(tellDoctor({ code: 'kernel.new-thing', values: { count: 3 } }, 'zh')).toBe('kernel.new-thing count=3');
    expect(tellDoctor({ code: 'toString' }, 'en')).toBe('toString');
    expect(tellDoctor({ code: 'kernel.release' }, 'en')).toBe('Linux {release}');
  });

  it('takes what looks like a value inside a value as it is', () => {
    expect(tellDoctor({ code: 'as-is', values: { text: '{text} $& {code}' } }, 'en')).toBe('{text} $& {code}');
  });

  it('has a title, numbered ones the same', () => {
    expect(doctorTitle({ id: 'service.trouble-12' }, 'en')).toBe('The agent says');
    expect(doctorTitle({ id: 'clock.source' }, 'zh')).toBe('时钟源');
  });
});
