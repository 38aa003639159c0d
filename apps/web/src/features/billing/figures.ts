/** Decimal text with a locale's separators; every digit stays, for money and quantities never become floats. */
export function formatDecimal(locale: string, text: string): string {
  const [, sign = '', whole = '0', fraction] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  const parts = new Intl.NumberFormat(locale).formatToParts(-1234567.8);
  const separatorOf = (type: Intl.NumberFormatPartTypes): string => parts.find((part) => part.type === type)?.value ?? '';
  const grouped = whole.replace(/\B(?=(?:\d{3})+$)/g, separatorOf('group'));
  return `${sign === '' ? '' : '−'}${grouped}${fraction === undefined ? '' : `${separatorOf('decimal')}${fraction}`}`;
}

const shownDecimals = 6;

/** A quantity cut to six decimals, without zeros at its end; the exact one is in its title. */
export function shortQuantity(text: string): string {
  const [whole = '0', fraction = ''] = text.split('.');
  const shown = fraction.slice(0, shownDecimals).replace(/0+$/, '');
  return shown === '' ? whole : `${whole}.${shown}`;
}

/** `0.19` as `19`, by moving the point. */
export function percentOf(share: string): string {
  const [whole = '0', fraction = ''] = share.split('.');
  const digits = `${whole}${fraction.padEnd(2, '0')}`;
  const point = whole.length + 2;
  const text = `${digits.slice(0, point).replace(/^0+(?=\d)/, '')}.${digits.slice(point)}`;
  return text.replace(/\.?0*$/, '') || '0';
}
