import { z } from 'zod';

/** Active codes of ISO 4217 that money is kept in, by the decimals of their minor unit. */
const codesByDecimals = {
  0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF',
  2:
    'AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK ' +
    'DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT ' +
    'LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN ' +
    'QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS ' +
    'VED VES WST XCD YER ZAR ZMW ZWG',
  3: 'BHD IQD JOD KWD LYD OMR TND',
  4: 'CLF UYW',
} as const;

const decimalsByCode = new Map<string, number>(
  Object.entries(codesByDecimals).flatMap(([decimals, codes]) => codes.split(' ').map((code) => [code, Number(decimals)] as const)),
);

/** Three letters of ISO 4217. */
export const Currency = z
  .string({ error: ({ input }) => (input === undefined ? 'a currency is missing: give its three letters, such as EUR' : 'must be text') })
  .refine((code) => decimalsByCode.has(code), {
    error: ({ input }) => `${JSON.stringify(input)} is no currency of ISO 4217, such as EUR`,
    abort: true,
  });
export type Currency = z.infer<typeof Currency>;

/** Decimals of the currency's minor unit: EUR 2, JPY 0, KWD 3. */
export function decimalsOf(currency: Currency): number {
  const decimals = decimalsByCode.get(currency);
  if (decimals === undefined) throw new RangeError(`${currency} is no currency of ISO 4217`);
  return decimals;
}
