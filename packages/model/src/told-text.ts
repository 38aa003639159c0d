import { z } from 'zod';

/**
 * What is to be told, in no language yet: a code of a catalogue with the values its text takes. A value may be texts of the
 * catalogue themselves, which are told one after the other.
 */
export interface ToldText {
  code: string;
  values?: Record<string, string | number | ToldText[]> | undefined;
}

const Value: z.ZodType<string | number | ToldText[]> = z.lazy(() =>
  z.union([z.string().max(65_536), z.number(), z.array(ToldText).max(64)]),
);
export const ToldText: z.ZodType<ToldText> = z.object({
  code: z.string().regex(/^[A-Za-z0-9._-]{1,96}$/),
  values: z.record(z.string().max(32), Value).optional(),
});
