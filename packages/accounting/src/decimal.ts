import type { RoundingRule } from '@bulkhead/model';
import { roundDivide } from './round.ts';

const pattern = /^(-?)(\d+)(?:\.(\d+))?$/;
const powers: bigint[] = [1n];
const power = (exponent: number): bigint => {
  for (let next = powers.length; next <= exponent; next += 1) powers.push((powers[next - 1] as bigint) * 10n);
  return powers[exponent] as bigint;
};

/** An exact decimal number: `digits` times 10 to the power of minus `scale`. Nothing of it is ever a float. */
export class Decimal {
  static readonly zero = new Decimal(0n, 0);
  readonly digits: bigint;
  readonly scale: number;

  constructor(digits: bigint, scale: number) {
    if (!Number.isInteger(scale) || scale < 0) throw new RangeError(`${scale} is no number of decimals`);
    this.digits = digits;
    this.scale = scale;
  }

  /** Throws RangeError for anything but plain decimal text: no exponent, no sign but a minus. */
  static parse(text: string): Decimal {
    const found = pattern.exec(text);
    if (found === null) throw new RangeError(`${JSON.stringify(text)} is no decimal number`);
    const [, sign, whole = '', fraction = ''] = found;
    const digits = BigInt(whole + fraction);
    return new Decimal(sign === '-' ? -digits : digits, fraction.length);
  }

  /** `numerator / denominator`, rounded to that many decimals. */
  static ofRatio(numerator: bigint, denominator: bigint, scale: number, rule: RoundingRule = 'half-even'): Decimal {
    return new Decimal(roundDivide(numerator * power(scale), denominator, rule), scale);
  }

  plus(other: Decimal): Decimal {
    const scale = Math.max(this.scale, other.scale);
    return new Decimal(this.digitsAt(scale) + other.digitsAt(scale), scale);
  }

  minus(other: Decimal): Decimal {
    return this.plus(new Decimal(-other.digits, other.scale));
  }

  times(other: Decimal): Decimal {
    return new Decimal(this.digits * other.digits, this.scale + other.scale);
  }

  round(scale: number, rule: RoundingRule): Decimal {
    if (scale >= this.scale) return new Decimal(this.digitsAt(scale), scale);
    return new Decimal(roundDivide(this.digits, power(this.scale - scale), rule), scale);
  }

  compare(other: Decimal): -1 | 0 | 1 {
    const scale = Math.max(this.scale, other.scale);
    const [left, right] = [this.digitsAt(scale), other.digitsAt(scale)];
    return left < right ? -1 : left > right ? 1 : 0;
  }

  /** As an integer number of 10^-scale. Throws RangeError where decimals would be lost. */
  digitsAt(scale: number): bigint {
    if (scale >= this.scale) return this.digits * power(scale - this.scale);
    const divisor = power(this.scale - scale);
    if (this.digits % divisor !== 0n) throw new RangeError(`${this.toText()} has more than ${scale} decimals`);
    return this.digits / divisor;
  }

  /** All its decimals, zeros at the end too: `12.30`. */
  toText(): string {
    const size = String(this.digits < 0n ? -this.digits : this.digits).padStart(this.scale + 1, '0');
    const whole = size.slice(0, size.length - this.scale);
    return `${this.digits < 0n ? '-' : ''}${whole}${this.scale === 0 ? '' : `.${size.slice(-this.scale)}`}`;
  }

  /** Without zeros at the end: `12.3`. */
  toShortText(): string {
    const text = this.toText();
    return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
  }
}
