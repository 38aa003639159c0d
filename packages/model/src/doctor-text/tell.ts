import type { DoctorCheck, DoctorText } from '../doctor.ts';
import { en } from './en.ts';
import { zh } from './zh.ts';

export type DoctorTextCode = keyof typeof en;
export type DoctorLanguage = 'en' | 'zh';

/** Checks there are, by their titles. */
export type DoctorCheckId = { [Code in DoctorTextCode]: Code extends `title.${infer Id}` ? Id : never }[DoctorTextCode];

type ValueNames<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | ValueNames<Rest> : never;
type ValuesOf<Code extends DoctorTextCode> = [ValueNames<(typeof en)[Code]>] extends [never]
  ? []
  : [values: Record<ValueNames<(typeof en)[Code]>, string | number>];

/** What is to be told, in no language yet: a code of the catalogue with the values its text takes. */
export const doctorText = <Code extends DoctorTextCode>(code: Code, ...[values]: ValuesOf<Code>): DoctorText =>
  values === undefined ? { code } : { code, values };

const catalogues: Record<DoctorLanguage, Readonly<Record<string, string>>> = { en, zh };

/** The text of a code in a language; of a code that this version does not know, the code and its values. */
export function tellDoctor({ code, values = {} }: DoctorText, language: DoctorLanguage): string {
  const catalogue = catalogues[language];
  const template = Object.hasOwn(catalogue, code) ? catalogue[code] : undefined;
  if (template === undefined) return [code, ...Object.entries(values).map(([name, value]) => `${name}=${value}`)].join(' ');
  return template.replace(/\{([A-Za-z]+)\}/g, (_, name: string) => String(values[name] ?? `{${name}}`));
}

/** What a check looked at. Several of one kind are numbered: `service.trouble-2`. */
export const doctorTitle = ({ id }: Pick<DoctorCheck, 'id'>, language: DoctorLanguage): string =>
  tellDoctor({ code: `title.${id.replace(/-\d+$/, '')}` }, language);
