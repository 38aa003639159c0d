/**
 * What the FOCUS specification, version 1.2, demands of each column that we may write: feature level, type, whether it
 * may be null, allowed values. Written from its chapters "Columns" and "Attributes", not from our exporter.
 * https://focus.finops.org/focus-specification/v1-2/
 */
export type FocusType = 'string' | 'decimal' | 'datetime' | 'json';

export interface FocusColumnRule {
  level: 'mandatory' | 'recommended' | 'conditional';
  type: FocusType;
  mayBeNull: boolean;
  allowed?: readonly string[];
  /** Unit Format */
  isUnit?: boolean;
  isCurrency?: boolean;
  isNonNegative?: boolean;
}

const mandatory = (type: FocusType, more: Partial<FocusColumnRule> = {}): FocusColumnRule => ({
  level: 'mandatory',
  type,
  mayBeNull: false,
  ...more,
});
const recommended = (type: FocusType, more: Partial<FocusColumnRule> = {}): FocusColumnRule => ({
  level: 'recommended',
  type,
  mayBeNull: false,
  ...more,
});
const conditional = (type: FocusType, more: Partial<FocusColumnRule> = {}): FocusColumnRule => ({
  level: 'conditional',
  type,
  mayBeNull: true,
  ...more,
});

/** Service subcategories by their one parent. */
export const subcategories: Readonly<Record<string, readonly string[]>> = {
  'AI and Machine Learning': [
    'AI Platforms',
    'Bots',
    'Generative AI',
    'Machine Learning',
    'Natural Language Processing',
    'Other (AI and Machine Learning)',
  ],
  Analytics: ['Analytics Platforms', 'Business Intelligence', 'Data Processing', 'Search', 'Streaming Analytics', 'Other (Analytics)'],
  'Business Applications': ['Productivity and Collaboration', 'Other (Business Applications)'],
  Compute: ['Containers', 'End User Computing', 'Quantum Compute', 'Serverless Compute', 'Virtual Machines', 'Other (Compute)'],
  Databases: [
    ...['Caching', 'Data Warehouses', 'Ledger Databases', 'NoSQL Databases', 'Relational Databases', 'Time Series Databases'],
    'Other (Databases)',
  ],
  'Developer Tools': [
    ...['Developer Platforms', 'Continuous Integration and Deployment', 'Development Environments', 'Source Code Management'],
    ...['Quality Assurance', 'Other (Developer Tools)'],
  ],
  Identity: ['Identity and Access Management', 'Other (Identity)'],
  Integration: ['API Management', 'Messaging', 'Workflow Orchestration', 'Other (Integration)'],
  'Internet of Things': ['IoT Analytics', 'IoT Platforms', 'Other (Internet of Things)'],
  'Management and Governance': [
    ...['Architecture', 'Compliance', 'Cost Management', 'Data Governance', 'Disaster Recovery', 'Endpoint Management'],
    ...['Observability', 'Support', 'Other (Management and Governance)'],
  ],
  Media: ['Content Creation', 'Gaming', 'Media Streaming', 'Mixed Reality', 'Other (Media)'],
  Migration: ['Data Migration', 'Resource Migration', 'Other (Migration)'],
  Mobile: ['Other (Mobile)'],
  Multicloud: ['Multicloud Integration', 'Other (Multicloud)'],
  Networking: [
    ...['Application Networking', 'Content Delivery', 'Network Connectivity', 'Network Infrastructure', 'Network Routing'],
    ...['Network Security', 'Other (Networking)'],
  ],
  Security: ['Secret Management', 'Security Posture Management', 'Threat Detection and Response', 'Other (Security)'],
  Storage: ['Backup Storage', 'Block Storage', 'File Storage', 'Object Storage', 'Storage Platforms', 'Other (Storage)'],
  Web: ['Application Platforms', 'Other (Web)'],
  Other: ['Other (Other)'],
};

export const focusRules: Readonly<Record<string, FocusColumnRule>> = {
  BilledCost: mandatory('decimal'),
  BillingAccountId: mandatory('string'),
  BillingAccountName: mandatory('string', { mayBeNull: true }),
  BillingCurrency: mandatory('string', { isCurrency: true }),
  BillingPeriodEnd: mandatory('datetime'),
  BillingPeriodStart: mandatory('datetime'),
  ChargeCategory: mandatory('string', { allowed: ['Usage', 'Purchase', 'Tax', 'Credit', 'Adjustment'] }),
  ChargeClass: mandatory('string', { mayBeNull: true, allowed: ['Correction'] }),
  ChargeDescription: mandatory('string', { mayBeNull: true }),
  ChargePeriodEnd: mandatory('datetime'),
  ChargePeriodStart: mandatory('datetime'),
  ContractedCost: mandatory('decimal'),
  EffectiveCost: mandatory('decimal'),
  InvoiceIssuerName: mandatory('string'),
  ListCost: mandatory('decimal'),
  PricingQuantity: mandatory('decimal', { mayBeNull: true }),
  PricingUnit: mandatory('string', { mayBeNull: true, isUnit: true }),
  ProviderName: mandatory('string'),
  PublisherName: mandatory('string'),
  ServiceCategory: mandatory('string', { allowed: Object.keys(subcategories) }),
  ServiceName: mandatory('string'),

  ChargeFrequency: recommended('string', { allowed: ['One-Time', 'Recurring', 'Usage-Based'] }),
  InvoiceId: recommended('string', { mayBeNull: true }),
  ServiceSubcategory: recommended('string', { allowed: Object.values(subcategories).flat() }),
  AvailabilityZone: recommended('string', { mayBeNull: true }),

  BillingAccountType: conditional('string'),
  ConsumedQuantity: conditional('decimal'),
  ConsumedUnit: conditional('string', { isUnit: true }),
  ContractedUnitPrice: conditional('decimal', { isNonNegative: true }),
  ListUnitPrice: conditional('decimal', { isNonNegative: true }),
  PricingCategory: conditional('string', { allowed: ['Standard', 'Dynamic', 'Committed', 'Other'] }),
  RegionId: conditional('string'),
  RegionName: conditional('string'),
  ResourceId: conditional('string'),
  ResourceName: conditional('string'),
  ResourceType: conditional('string'),
  SkuId: conditional('string'),
  SkuMeter: conditional('string'),
  SkuPriceDetails: conditional('json'),
  SkuPriceId: conditional('string'),
  SubAccountId: conditional('string'),
  SubAccountName: conditional('string'),
  SubAccountType: conditional('string'),
  Tags: conditional('json'),
};

/** Columns of the specification that concern commitments, capacity and other currencies, of which a Bulkhead has none. */
export const foreignColumns: readonly string[] = [
  ...['CommitmentDiscountCategory', 'CommitmentDiscountId', 'CommitmentDiscountName', 'CommitmentDiscountQuantity'],
  ...['CommitmentDiscountStatus', 'CommitmentDiscountType', 'CommitmentDiscountUnit', 'CapacityReservationId', 'CapacityReservationStatus'],
  ...['PricingCurrency', 'PricingCurrencyContractedUnitPrice', 'PricingCurrencyEffectiveCost', 'PricingCurrencyListUnitPrice'],
];

const sizes = ['b', 'B', ...['K', 'M', 'G', 'T', 'P', 'E'].flatMap((prefix) => [`${prefix}b`, `${prefix}B`, `${prefix}ib`, `${prefix}iB`])];
const times = ['Year', 'Month', 'Day', 'Hour', 'Minute', 'Second'];
/** Recommended nouns, and any other that is capitalised: units of counts may be new. */
const isCount = (word: string, isPlural: boolean): boolean =>
  /^[A-Z][a-z]+$/.test(word) && !times.some((time) => time === word || `${time}s` === word) && word.endsWith('s') === isPlural;
const isSingular = (word: string): boolean => sizes.includes(word) || times.includes(word) || isCount(word, false);
const isPlural = (word: string): boolean => sizes.includes(word) || times.some((time) => word === `${time}s`) || isCount(word, true);

/** Unit Format: `GB`, `Hours`, `GiB-Hours`, `Requests/Day`, `1000 Tokens`, `Units/3 Months`. */
export function isUnit(text: string): boolean {
  const quantity = /^[1-9]\d* (\S+)$/.exec(text);
  if (quantity !== null) return isPlural(quantity[1] ?? '');
  const rate = /^(\S+)\/(?:(\w+)|[1-9]\d* (\w+))$/.exec(text);
  if (rate !== null) return isPlural(rate[1] ?? '') && (times.includes(rate[2] ?? '') || times.some((time) => `${time}s` === rate[3]));
  const product = /^(\w+)-(\w+)$/.exec(text);
  if (product !== null) return isSingular(product[1] ?? '') && times.some((time) => `${time}s` === product[2]);
  return isPlural(text);
}
