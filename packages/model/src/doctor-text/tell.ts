import type { DoctorCheck, DoctorText } from '../doctor.ts';
import { fillText, type TextCatalogue, type TextLanguage, type ValuesOf } from '../fill-text.ts';
import { en } from './en.ts';
import { zh } from './zh.ts';

export type DoctorTextCode = keyof typeof en;
export type DoctorLanguage = TextLanguage;

/** Checks there are, by their titles. */
export type DoctorCheckId = { [Code in DoctorTextCode]: Code extends `title.${infer Id}` ? Id : never }[DoctorTextCode];

/** What is to be told, in no language yet: a code of the catalogue with the values its text takes. */
export const doctorText = <Code extends DoctorTextCode>(code: Code, ...[values]: ValuesOf<typeof en, Code>): DoctorText =>
  values === undefined ? { code } : { code, values };

const catalogues: Record<DoctorLanguage, TextCatalogue> = { en, zh };

/** The text of a code in a language; of a code that this version does not know, the code and its values. */
export const tellDoctor = (text: DoctorText, language: DoctorLanguage): string => fillText(catalogues[language], text);

/** What a check looked at. Several of one kind are numbered: `service.trouble-2`. */
export const doctorTitle = ({ id }: Pick<DoctorCheck, 'id'>, language: DoctorLanguage): string =>
  tellDoctor({ code: `title.${id.replace(/-\d+$/, '')}` }, language);
