import type { MeterId } from '@bulkhead/model';

/**
 * Columns of a FOCUS 1.2 dataset as we write them, FOCUS's own first. Mandatory, recommended and conditional ones stand
 * together as a reader wants them; `focus-validator.ts` knows which is which.
 */
export const focusColumns = [
  'InvoiceId',
  'InvoiceIssuerName',
  'ProviderName',
  'PublisherName',
  'BillingAccountId',
  'BillingAccountName',
  'BillingCurrency',
  'BillingPeriodStart',
  'BillingPeriodEnd',
  'SubAccountId',
  'SubAccountName',
  'SubAccountType',
  'ChargeCategory',
  'ChargeClass',
  'ChargeDescription',
  'ChargeFrequency',
  'ChargePeriodStart',
  'ChargePeriodEnd',
  'ServiceCategory',
  'ServiceSubcategory',
  'ServiceName',
  'ResourceId',
  'ResourceName',
  'ResourceType',
  'RegionId',
  'RegionName',
  'SkuId',
  'SkuMeter',
  'SkuPriceId',
  'ConsumedQuantity',
  'ConsumedUnit',
  'PricingCategory',
  'PricingQuantity',
  'PricingUnit',
  'ListUnitPrice',
  'ContractedUnitPrice',
  'ListCost',
  'ContractedCost',
  'EffectiveCost',
  'BilledCost',
  'Tags',
  'x_LineKey',
  'x_LineKind',
  'x_Basis',
  'x_PlanId',
  'x_PlanVersion',
  'x_CgroupPath',
  'x_Estimated',
  'x_Coverage',
  'x_RefersToInvoice',
] as const;
export type FocusColumn = (typeof focusColumns)[number];

/** null: nothing can be said. Numbers are decimal text, times UTC to the second. */
export type FocusRow = Record<FocusColumn, string | null>;

interface FocusService {
  ServiceCategory: string;
  ServiceSubcategory: string;
  ServiceName: string;
}

const compute: FocusService = { ServiceCategory: 'Compute', ServiceSubcategory: 'Containers', ServiceName: 'Bulkhead Containers' };
const storage: FocusService = { ServiceCategory: 'Storage', ServiceSubcategory: 'Other (Storage)', ServiceName: 'Bulkhead Storage' };
const network: FocusService = {
  ServiceCategory: 'Networking',
  ServiceSubcategory: 'Network Connectivity',
  ServiceName: 'Bulkhead Network',
};
/** What belongs to no meter: fees, minimums, credits, tax. */
const account: FocusService = { ServiceCategory: 'Other', ServiceSubcategory: 'Other (Other)', ServiceName: 'Bulkhead Account' };

const ofOthers: Partial<Record<MeterId, FocusService>> = {
  'disk-used': storage,
  'io-read-bytes': storage,
  'io-write-bytes': storage,
  'io-read-operations': storage,
  'io-write-operations': storage,
  'io-stalled': storage,
  'network-in-bytes': network,
  'network-out-bytes': network,
  'address-held': network,
};

export const serviceOf = (meter: MeterId | undefined): FocusService => (meter === undefined ? account : (ofOthers[meter] ?? compute));
