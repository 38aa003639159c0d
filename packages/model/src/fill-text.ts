import type { ToldText } from './told-text.ts';

export type TextLanguage = 'en' | 'zh';
export type TextCatalogue = Readonly<Record<string, string>>;

type ValueNames<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | ValueNames<Rest> : never;
/** Values that the text of a code takes, as the rest of an argument list; none where it takes none. */
export type ValuesOf<Catalogue, Code extends keyof Catalogue, Value = string | number> = [ValueNames<Catalogue[Code] & string>] extends [
  never,
]
  ? []
  : [values: Record<ValueNames<Catalogue[Code] & string>, Value>];

/**
 * The text of a code out of a catalogue; of a code that this version does not know, the code and its values. Texts within
 * a text are joined by what the catalogue says under `<code>.then`, or else under `word.then`.
 */
export function fillText(catalogue: TextCatalogue, { code, values = {} }: ToldText): string {
  const shown = (value: string | number | ToldText[]): string =>
    Array.isArray(value)
      ? value.map((each) => fillText(catalogue, each)).join(catalogue[`${code}.then`] ?? catalogue['word.then'] ?? ' ')
      : String(value);
  const template = Object.hasOwn(catalogue, code) ? catalogue[code] : undefined;
  if (template === undefined) return [code, ...Object.entries(values).map(([name, value]) => `${name}=${shown(value)}`)].join(' ');
  return template.replace(/\{([A-Za-z]+)\}/g, (_, name: string) => {
    const value = values[name];
    return value === undefined ? `{${name}}` : shown(value);
  });
}
