import {
  type BillingPeriod,
  type CreditBalance,
  type CreditEntry,
  type CreditGrant,
  type Currency,
  type InvoiceLine,
  type MeterId,
  Problem,
  type TenantId,
} from '@bulkhead/model';
import { type Minor, sumOf, toAmount, toMinor } from '../money.ts';
import { lesserOf } from '../round.ts';

/**
 * What each credit of a tenant has left, from its entries in any order, by id. Throws Problem `conflict` where more was
 * used than there was, or an entry belongs to no grant.
 */
export function creditBalances(entries: readonly CreditEntry[], tenantId: TenantId, currency: Currency): CreditBalance[] {
  const grants = new Map<string, CreditGrant>();
  const balances = new Map<string, Minor>();
  for (const entry of entries)
    if (entry.kind === 'grant') {
      if (grants.has(entry.creditId)) throw new Problem('conflict', `credit ${entry.creditId} is granted twice`);
      grants.set(entry.creditId, entry);
      if (entry.tenantId === tenantId && entry.currency === currency) balances.set(entry.creditId, toMinor(entry.amount, currency));
    }
  for (const entry of entries) {
    if (entry.kind === 'grant') continue;
    if (!grants.has(entry.creditId)) throw new Problem('conflict', `credit ${entry.creditId} was never granted`);
    const balance = balances.get(entry.creditId);
    if (balance === undefined) continue;
    const minor = toMinor(entry.amount, currency);
    balances.set(entry.creditId, entry.kind === 'refund' ? balance + minor : balance - minor);
  }
  return [...balances]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([creditId, balance]) => {
      if (balance < 0n) throw new Problem('conflict', `credit ${creditId} was used beyond what it had, by ${toAmount(-balance, currency)}`);
      const { at, expiresAt, meters, reason } = grants.get(creditId) as CreditGrant;
      return {
        creditId,
        grantedAt: at,
        ...(expiresAt === undefined ? {} : { expiresAt }),
        ...(meters === undefined ? {} : { meters }),
        reason,
        balance: toAmount(balance, currency),
      };
    });
}

/** Whether a credit pays for charges of a period: in force at some moment of it. */
const isFor = ({ grantedAt, expiresAt }: CreditBalance, { start, end }: BillingPeriod): boolean =>
  grantedAt < end && (expiresAt === undefined || expiresAt > start);

/** Expiring ones first, the earliest first; then those for certain meters; then the others. Of equals the older grant. */
function inOrderOfUse(credits: readonly CreditBalance[]): CreditBalance[] {
  const rank = ({ expiresAt, meters, grantedAt, creditId }: CreditBalance): string =>
    [expiresAt ?? '~', meters === undefined ? '1' : '0', grantedAt, creditId].join(' ');
  return credits.toSorted((left, right) => (rank(left) < rank(right) ? -1 : 1));
}

/** What is charged, by what credits may be bound to. */
class Charges {
  readonly #byMeter = new Map<MeterId | undefined, Minor>();
  #left: Minor;

  constructor(lines: readonly InvoiceLine[], currency: Currency) {
    for (const { meter, amount } of lines) this.#byMeter.set(meter, (this.#byMeter.get(meter) ?? 0n) + toMinor(amount, currency));
    this.#left = sumOf(this.#byMeter.values());
  }

  /** Takes up to `balance` from what the meters cost; first where none of the later credits could pay. */
  take(balance: Minor, meters: readonly MeterId[] | undefined, later: readonly CreditBalance[]): Minor {
    const claims = (meter: MeterId | undefined): number =>
      meter === undefined ? 0 : later.filter((credit) => credit.meters?.includes(meter)).length;
    const sources = [...this.#byMeter]
      .filter(([meter, minor]) => minor > 0n && (meters === undefined || (meter !== undefined && meters.includes(meter))))
      .sort(([left], [right]) => claims(left) - claims(right) || (String(left) < String(right) ? -1 : 1));
    let taken = 0n;
    for (const [meter, minor] of sources) {
      const part = lesserOf(lesserOf(minor, balance - taken), this.#left);
      if (part <= 0n) continue;
      this.#byMeter.set(meter, minor - part);
      this.#left -= part;
      taken += part;
    }
    return taken;
  }
}

/**
 * Lines that pay charges with credits, never below nothing: neither the charges nor a credit. They come before tax, which
 * is of what is left.
 */
export function applyCredits(
  credits: readonly CreditBalance[],
  { lines, period, currency }: { lines: readonly InvoiceLine[]; period: BillingPeriod; currency: Currency },
): InvoiceLine[] {
  const charges = new Charges(lines, currency);
  const usable = inOrderOfUse(credits.filter((credit) => isFor(credit, period)));
  return usable.flatMap(({ creditId, balance, meters, reason }, index) => {
    const taken = charges.take(toMinor(balance, currency), meters, usable.slice(index + 1));
    if (taken <= 0n) return [];
    return [
      {
        key: `credit/${creditId}`,
        kind: 'credit',
        description: `Credit: ${reason}`.slice(0, 500),
        chargePeriod: { start: period.start, end: period.end },
        amount: toAmount(-taken, currency),
        creditId,
      } satisfies InvoiceLine,
    ];
  });
}

/** Entries that finalising an invoice adds to the ledger of credits. */
export const creditUses = (
  lines: readonly InvoiceLine[],
  currency: Currency,
  { number, at }: { number: string; at: string },
): CreditEntry[] =>
  lines.flatMap(({ kind, creditId, amount }) =>
    kind === 'credit' && creditId !== undefined
      ? [{ kind: 'use', creditId, at, amount: toAmount(-toMinor(amount, currency), currency), invoiceNumber: number }]
      : [],
  );

/** Entries that voiding an invoice adds: what it used is there again. */
export const creditRefunds = (uses: readonly CreditEntry[], at: string): CreditEntry[] =>
  uses.flatMap((use) => (use.kind === 'use' ? [{ ...use, kind: 'refund', at } satisfies CreditEntry] : []));

/** Entries for what is left of credits that no longer pay for anything. */
export const creditExpiries = (credits: readonly CreditBalance[], at: string): CreditEntry[] =>
  credits.flatMap(({ creditId, expiresAt, balance }) =>
    expiresAt !== undefined && expiresAt <= at && /[1-9]/.test(balance) ? [{ kind: 'expire', creditId, at, amount: balance }] : [],
  );
