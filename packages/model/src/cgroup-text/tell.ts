import { fillText, type TextCatalogue, type TextLanguage, type ValuesOf } from '../fill-text.ts';
import { Problem, type ProblemCode } from '../problem.ts';
import type { ToldText } from '../told-text.ts';
import { en } from './en.ts';
import { zh } from './zh.ts';

export type CgroupTextCode = keyof typeof en;
/** A text of this catalogue. */
export interface CgroupText extends ToldText {
  code: CgroupTextCode;
}

/** What is to be told, in no language yet: a code of the catalogue with the values its text takes. */
export const cgroupText = <Code extends CgroupTextCode>(
  code: Code,
  ...[values]: ValuesOf<typeof en, Code, string | number | CgroupText[]>
): CgroupText & { code: Code } => (values === undefined ? { code } : { code, values });

const catalogues: Record<TextLanguage, TextCatalogue> = { en, zh };

/** The text of a code in a language; of a code that this version does not know, the code and its values. */
export const tellCgroup = (text: ToldText, language: TextLanguage): string => fillText(catalogues[language], text);

/** A failure whose words are of the catalogue: English as its message, and told as codes. */
export function cgroupProblem(
  code: ProblemCode,
  what: CgroupText,
  { remedy, cause }: { remedy?: CgroupText; cause?: unknown } = {},
): Problem {
  return new Problem(code, tellCgroup(what, 'en'), {
    ...(remedy === undefined ? {} : { remedy: tellCgroup(remedy, 'en') }),
    ...(cause === undefined ? {} : { cause }),
    told: { what, ...(remedy === undefined ? {} : { remedy }) },
  });
}
