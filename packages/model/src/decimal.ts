import { z } from 'zod';

/** Decimal text of any sign: money and quantities never pass through a float. */
export const DecimalText = z
  .string()
  .regex(/^-?(?:0|[1-9]\d{0,39})(?:\.\d{1,30})?$/, { error: 'must be a decimal number such as 12.5', abort: true });
export type DecimalText = z.infer<typeof DecimalText>;

/** A decimal that people enter: prices, bounds, allowances. 18 digits before the point, 12 after it. */
export const EnteredDecimal = DecimalText.refine((text) => !text.startsWith('-'), { error: 'must not be negative', abort: true }).refine(
  (text) => /^\d{1,18}(?:\.\d{1,12})?$/.test(text),
  { error: 'must have at most 18 digits and 12 decimals', abort: true },
);
export type EnteredDecimal = z.infer<typeof EnteredDecimal>;

/** An amount of money in whole units of its currency, with as many decimals as the currency has: `12.30`, `-5`, `0.125`. */
export const Amount = z.string().regex(/^-?(?:0|[1-9]\d{0,29})(?:\.\d{1,4})?$/, 'must be an amount such as 12.30');
export type Amount = z.infer<typeof Amount>;

/** A whole number of a meter's own units, as decimal text: usec, bytes, byte-seconds. Not bounded by 64 bits: it is a sum. */
export const Quantity = z.string().regex(/^(?:0|[1-9]\d{0,39})$/, 'must be a whole number');
export type Quantity = z.infer<typeof Quantity>;

/** How many decimals an EnteredDecimal has at most. */
export const enteredDecimals = 12;

/** An EnteredDecimal as an integer number of 10^-12, for exact comparison and arithmetic. */
export function toScaled(text: EnteredDecimal): bigint {
  const [whole = '', fraction = ''] = text.split('.');
  return BigInt(whole + fraction.padEnd(enteredDecimals, '0'));
}
