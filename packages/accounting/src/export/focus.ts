import {
  type InvoiceLine,
  type IssuedInvoice,
  type MeterId,
  meterFacts,
  meterOf,
  Problem,
  type Resource,
  type UsageRow,
} from '@bulkhead/model';
import { Decimal } from '../decimal.ts';
import { resourceKey } from '../ledger/owners.ts';
import { meterNames } from '../rate/describe.ts';
import { quantityDecimals } from '../rate/price-model.ts';
import { splitByLargestRemainder } from '../round.ts';
import { toCsv } from './csv.ts';
import { type FocusColumn, type FocusRow, focusColumns, serviceOf } from './focus-columns.ts';

/** What is known of a resource beside its name. */
export interface FocusDescription {
  subAccount?: { id: string; name: string; type: string };
  /** The host's name or site. */
  regionName?: string;
  labels?: Readonly<Record<string, string>>;
}

export interface FocusInput {
  invoice: IssuedInvoice;
  /** The rows that the invoice was made of: they divide its lines over resources. */
  rows: readonly UsageRow[];
  /** Who makes the service available, and who made it; the invoice's issuer where absent. */
  provider?: string;
  publisher?: string;
  describe?: (resource: Resource) => FocusDescription;
}

interface Part {
  resource: Resource | undefined;
  weight: bigint;
}

const toSeconds = (at: string): string => {
  if (!at.endsWith('.000Z')) throw new Problem('invalid', `${at} is no whole second, as FOCUS wants it`);
  return at.replace('.000Z', 'Z');
};

/** Use of each resource by meter and charge period, as weights. */
class Shares {
  readonly #byMeter: Map<MeterId, UsageRow[]>;

  constructor(rows: readonly UsageRow[]) {
    this.#byMeter = Map.groupBy(rows, ({ meter }) => meter);
  }

  of({ meter, chargePeriod }: InvoiceLine): Part[] {
    if (meter === undefined) return [{ resource: undefined, weight: 1n }];
    const parts = new Map<string, Part & { resource: Resource; start: string }>();
    for (const { resource, start, end, quantity } of this.#byMeter.get(meter) ?? []) {
      if (start < chargePeriod.start || end > chargePeriod.end) continue;
      const key = resourceKey(resource);
      const known = parts.get(key);
      const weight = BigInt(quantity);
      if (known === undefined) parts.set(key, { resource, weight, start });
      else {
        known.weight = meterFacts[meter].kind !== 'peak' ? known.weight + weight : known.weight > weight ? known.weight : weight;
        // The name it bore last.
        if (start >= known.start) Object.assign(known, { resource, start });
      }
    }
    const used = [...parts].filter(([, { weight }]) => weight > 0n).sort(([left], [right]) => (left < right ? -1 : 1));
    return used.length === 0 ? [{ resource: undefined, weight: 1n }] : used.map(([, part]) => part);
  }
}

const resourceTypes = { container: 'Container', cgroup: 'Cgroup', address: 'Address', volume: 'Volume' } as const;

function resourceColumns(resource: Resource | undefined, describe: FocusInput['describe']): Partial<FocusRow> {
  if (resource === undefined) return {};
  const { subAccount, regionName, labels } = describe?.(resource) ?? {};
  const { hostId, kind, id, name } = resource;
  return {
    ResourceId: kind === 'cgroup' ? `host/${hostId}/cgroup${id}` : `host/${hostId}/${kind}/${id}`,
    ResourceName: name === '' || name === id ? null : name,
    ResourceType: resourceTypes[kind],
    RegionId: hostId,
    RegionName: regionName ?? hostId,
    SubAccountId: subAccount?.id ?? null,
    SubAccountName: subAccount?.name ?? null,
    SubAccountType: subAccount?.type ?? null,
    Tags: labels === undefined ? null : JSON.stringify(labels),
    x_CgroupPath: kind === 'cgroup' ? id : null,
  };
}

const costs = (cost: string): Partial<FocusRow> => ({ ListCost: cost, ContractedCost: cost, EffectiveCost: cost, BilledCost: cost });

function pricing(quantity: Decimal, unit: string, unitPrice: string): Partial<FocusRow> {
  return {
    PricingCategory: 'Standard',
    PricingQuantity: quantity.toShortText(),
    PricingUnit: unit,
    ListUnitPrice: unitPrice,
    ContractedUnitPrice: unitPrice,
    ...costs(quantity.times(Decimal.parse(unitPrice)).toShortText()),
  };
}

/** Columns by what kind of line it is; a line of use becomes one row for each resource. */
function rowsOfLine(line: InvoiceLine, shares: Shares, describe: FocusInput['describe']): Partial<FocusRow>[] {
  const { kind, meter, amount, planId, planVersion, unitPrice, pricingQuantity, pricingUnit } = line;
  const price = `${planId}@${planVersion}`;
  switch (kind) {
    case 'usage':
    case 'included': {
      if (meter === undefined || unitPrice === undefined || pricingQuantity === undefined || pricingUnit === undefined)
        throw new Problem('invalid', `line ${line.key} has no quantity`);
      const { pricingUnit: unit, unitsPerPricingUnit } = meterOf(meter);
      const parts = shares.of(line);
      const weights = parts.map(({ weight }) => weight);
      const priced = splitByLargestRemainder(Decimal.parse(pricingQuantity).digitsAt(quantityDecimals), weights);
      const consumed = splitByLargestRemainder(BigInt(line.quantity ?? 0), weights);
      return parts.map(({ resource }, index) => ({
        ChargeCategory: 'Usage',
        ChargeFrequency: 'Usage-Based',
        SkuId: meter,
        SkuMeter: meterNames[meter],
        SkuPriceId: `${price}/${meter}/${line.tier ?? kind}`,
        ConsumedQuantity: Decimal.ofRatio(consumed[index] ?? 0n, unitsPerPricingUnit, quantityDecimals).toShortText(),
        ConsumedUnit: unit,
        ...pricing(new Decimal(priced[index] ?? 0n, quantityDecimals), pricingUnit, unitPrice),
        ...resourceColumns(resource, describe),
      }));
    }
    case 'fee':
    case 'minimum': {
      const sku = kind === 'fee' ? `fee/${line.key.split('/').at(-1)}` : 'minimum';
      const quantity = kind === 'fee' ? Decimal.parse(pricingQuantity ?? '1') : Decimal.parse('1');
      return [
        {
          ChargeCategory: 'Purchase',
          ChargeFrequency: 'Recurring',
          SkuId: sku,
          SkuMeter: line.description,
          SkuPriceId: `${price}/${sku}`,
          ...pricing(quantity, pricingUnit ?? 'Units', unitPrice ?? amount),
        },
      ];
    }
    case 'cap':
    case 'credit':
      return [{ ChargeCategory: 'Credit', ChargeFrequency: 'One-Time', ...costs(amount) }];
    case 'correction': {
      const isUse = meter !== undefined;
      return [
        {
          ChargeCategory: isUse ? 'Usage' : 'Purchase',
          ChargeClass: 'Correction',
          ChargeFrequency: isUse ? 'Usage-Based' : 'Recurring',
          ...(isUse ? { SkuId: meter, SkuMeter: meterNames[meter] } : {}),
          ...costs(amount),
        },
      ];
    }
  }
}

/**
 * A finalised invoice as rows of FOCUS 1.2. Quantity times unit price is the cost of each row, to the last decimal; so
 * that rows add up to the invoice, one row of category Adjustment bears what rounding made.
 */
export function focusRows({ invoice, rows, provider, publisher, describe }: FocusInput): FocusRow[] {
  const { number, content } = invoice;
  const { account, issuer, period, currency, lines, tax, total } = content;
  const whole = { ChargePeriodStart: toSeconds(period.start), ChargePeriodEnd: toSeconds(period.end) };
  const common: Partial<FocusRow> = {
    InvoiceId: number,
    InvoiceIssuerName: issuer,
    ProviderName: provider ?? issuer,
    PublisherName: publisher ?? provider ?? issuer,
    BillingAccountId: account.tenantId,
    BillingAccountName: account.name,
    BillingCurrency: currency,
    BillingPeriodStart: whole.ChargePeriodStart,
    BillingPeriodEnd: whole.ChargePeriodEnd,
    x_Coverage: content.coveragePpm === undefined ? null : new Decimal(BigInt(content.coveragePpm), 6).toShortText(),
  };
  const complete = (row: Partial<FocusRow>): FocusRow =>
    Object.fromEntries(focusColumns.map((column) => [column, { ...common, ...row }[column] ?? null])) as FocusRow;
  const shares = new Shares(rows);
  const charges = lines.flatMap((line) =>
    rowsOfLine(line, shares, describe).map((row) =>
      complete({
        ChargeDescription: line.description,
        ChargePeriodStart: toSeconds(line.chargePeriod.start),
        ChargePeriodEnd: toSeconds(line.chargePeriod.end),
        ...serviceOf(line.meter),
        ...row,
        x_LineKey: line.key,
        x_LineKind: line.kind,
        x_Basis: line.basis ?? null,
        x_PlanId: line.planId ?? null,
        x_PlanVersion: line.planVersion?.toString() ?? null,
        x_Estimated: line.uncertain ? 'true' : 'false',
        x_RefersToInvoice: line.refersTo ?? null,
      }),
    ),
  );
  const others = (row: Partial<FocusRow>): FocusRow => complete({ ...whole, ...serviceOf(undefined), ChargeFrequency: 'One-Time', ...row });
  const taxes = /[1-9]/.test(tax)
    ? [others({ ChargeCategory: 'Tax', ChargeDescription: account.taxName, x_LineKind: 'tax', ...costs(tax) })]
    : [];
  const billed = [...charges, ...taxes].reduce((sum, { BilledCost }) => sum.plus(Decimal.parse(BilledCost ?? '0')), Decimal.zero);
  const rounding = Decimal.parse(total).minus(billed);
  if (rounding.digits === 0n) return [...charges, ...taxes];
  const cost = costs(rounding.toShortText());
  return [
    ...charges,
    ...taxes,
    others({ ChargeCategory: 'Adjustment', ChargeDescription: 'Rounding to the invoice', x_LineKind: 'rounding', ...cost }),
  ];
}

/** An empty cell is null. Texts stay as they are, as FOCUS demands: this file is for programs, `invoiceCsv` is for people. */
export const focusCsv = (rows: readonly FocusRow[]): string =>
  toCsv([focusColumns, ...rows.map((row) => focusColumns.map((column: FocusColumn) => row[column] ?? ''))]);
