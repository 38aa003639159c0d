import type { RoundingRule } from '@bulkhead/model';

const magnitude = (value: bigint): bigint => (value < 0n ? -value : value);

/** Math.min knows no bigint. */
export const lesserOf = (left: bigint, right: bigint): bigint => {
  if (left < right) return left;
  return right;
};

/** `numerator / denominator` to a whole number. The denominator must be positive. */
export function roundDivide(numerator: bigint, denominator: bigint, rule: RoundingRule): bigint {
  if (denominator <= 0n) throw new RangeError(`cannot divide by ${denominator}`);
  const size = magnitude(numerator);
  const whole = size / denominator;
  const twice = (size % denominator) * 2n;
  const isUp = twice > denominator || (twice === denominator && (rule === 'half-up' || whole % 2n === 1n));
  const rounded = isUp ? whole + 1n : whole;
  return numerator < 0n ? -rounded : rounded;
}

export const divideUp = (numerator: bigint, denominator: bigint): bigint => {
  if (numerator < 0n || denominator <= 0n) throw new RangeError(`cannot divide ${numerator} by ${denominator}`);
  return (numerator + denominator - 1n) / denominator;
};

/**
 * Shares of `total` in proportion to `weights`, whole and with exactly that sum (largest remainder; of equal remainders
 * the earlier one comes first). Without any weight everything goes to the first.
 */
export function splitByLargestRemainder(total: bigint, weights: readonly bigint[]): bigint[] {
  if (weights.length === 0) throw new RangeError('there is nobody to share with');
  if (weights.some((weight) => weight < 0n)) throw new RangeError('a weight is negative');
  const sum = weights.reduce((all, weight) => all + weight, 0n);
  if (sum === 0n) return weights.map((_, index) => (index === 0 ? total : 0n));
  const size = magnitude(total);
  const shares = weights.map((weight) => (size * weight) / sum);
  const remainders = weights.map((weight, index) => ({ index, remainder: (size * weight) % sum }));
  const left = size - shares.reduce((all, share) => all + share, 0n);
  remainders.sort((one, other) => (one.remainder === other.remainder ? one.index - other.index : one.remainder > other.remainder ? -1 : 1));
  for (const { index } of remainders.slice(0, Number(left))) shares[index] = (shares[index] ?? 0n) + 1n;
  return total < 0n ? shares.map((share) => -share) : shares;
}
