import { type Amount, type Currency, decimalsOf, Problem } from '@bulkhead/model';
import { Decimal } from './decimal.ts';

/** An amount as a whole number of the currency's minor unit: cents, yen, fils. */
export type Minor = bigint;

export const toAmount = (minor: Minor, currency: Currency): Amount => new Decimal(minor, decimalsOf(currency)).toText();

/** Throws Problem `invalid` where the amount has more decimals than the currency. */
export function toMinor(amount: Amount, currency: Currency): Minor {
  try {
    return Decimal.parse(amount).digitsAt(decimalsOf(currency));
  } catch (cause) {
    throw new Problem('invalid', `${amount} is no amount of ${currency}, which has ${decimalsOf(currency)} decimals`, { cause });
  }
}

export const sumOf = (minors: Iterable<Minor>): Minor => {
  let sum = 0n;
  for (const minor of minors) sum += minor;
  return sum;
};
