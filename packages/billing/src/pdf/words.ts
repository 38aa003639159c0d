import { describeMeter, describeRounding } from '@bulkhead/accounting';
import {
  type Currency,
  decimalsOf,
  type InvoiceContent,
  type InvoiceLanguage,
  type InvoiceLine,
  type MeterId,
  type RoundingRule,
} from '@bulkhead/model';

/** Everything that an invoice's page says by itself, in one language. */
export interface Words {
  invoice: string;
  creditNote: string;
  draft: string;
  paid: string;
  void: string;
  number: string;
  issued: string;
  period: string;
  hours: (hours: number) => string;
  billTo: string;
  account: (tenantId: string) => string;
  description: string;
  quantity: string;
  unitPrice: string;
  amount: (currency: Currency) => string;
  subtotal: string;
  tax: (name: string, percent: string) => string;
  total: string;
  continued: string;
  page: (page: number, of: number) => string;
  notes: string;
  describe: (line: InvoiceLine) => string;
  charged: { used: string; allocated: string };
  plan: (planId: string, version: number) => string;
  packageOf: (size: string, unit: string) => string;
  refersTo: (number: string) => string;
  unit: (unit: string) => string;
  rounding: (currency: Currency, rule: RoundingRule) => string;
  quantities: string;
  creditsBeforeTax: string;
  zone: (zone: string) => string;
  uncertain: string;
  coverage: (percent: string) => string;
  unpriced: (list: string) => string;
  meter: (id: MeterId) => string;
  override: (override: NonNullable<InvoiceContent['override']>) => string;
  allotted: (method: NonNullable<InvoiceContent['allottedBy']>) => string;
  paidOn: (at: string, payment: string) => string;
  voidedOn: (at: string, reason: string) => string;
  hash: string;
  previousHash: string;
  first: string;
  proof: (number: string) => string;
}

/** A line in English: quantity and price have columns of their own. */
function describeInEnglish({ kind, meter, tier, description }: InvoiceLine): string {
  if (meter === undefined || (kind !== 'usage' && kind !== 'included')) return description;
  const name = describeMeter(meter);
  if (kind === 'included') return `${name}, included`;
  return tier === undefined ? name : `${name}, tier ${tier}`;
}

const en: Words = {
  invoice: 'Invoice',
  creditNote: 'Credit note',
  draft: 'Draft: not an invoice',
  paid: 'Paid',
  void: 'Void',
  number: 'Number',
  issued: 'Issued',
  period: 'Billing period',
  hours: (hours) => `${hours} hours`,
  billTo: 'Bill to',
  account: (tenantId) => `Account ${tenantId}`,
  description: 'Description',
  quantity: 'Quantity',
  unitPrice: 'Unit price',
  amount: (currency) => `Amount (${currency})`,
  subtotal: 'Subtotal',
  tax: (name, percent) => `${name} ${percent} %`,
  total: 'Total',
  continued: 'continued',
  page: (page, of) => `Page ${page} of ${of}`,
  notes: 'Notes',
  describe: describeInEnglish,
  charged: { used: 'charged as used', allocated: 'charged as allocated' },
  plan: (planId, version) => `plan ${planId}, version ${version}`,
  packageOf: (size, unit) => `packages of ${size} ${unit}`,
  refersTo: (number) => `for ${number}`,
  unit: (unit) => unit,
  rounding: (currency, rounding) => describeRounding(currency, { rounding }),
  quantities: 'Quantities are shown to six decimals; amounts come from the exact ones, which the CSV and JSON renderings show.',
  creditsBeforeTax: 'Credits are taken off before tax.',
  zone: (zone) => `The billing period is a month of ${zone}; all times are UTC, and an end belongs to what follows it.`,
  uncertain: '* Some of this quantity was estimated, or its place in time is not known exactly; the evidence says which.',
  coverage: (percent) => `Memory and disk were measured for ${percent} % of the time they were held; nothing is charged for the rest.`,
  unpriced: (list) => `Used, and not charged by the plan in force: ${list}.`,
  meter: describeMeter,
  override: ({ by, reason, at, overridden }) =>
    `Issued by ${by} on ${at} though the period was not closed (${overridden.join('; ')}). Reason: ${reason}.`,
  allotted: (method) => `Use that nobody owned was shared out ${method === 'even' ? 'evenly' : "in proportion to each tenant's own"}.`,
  paidOn: (at, payment) => `Paid on ${at}: ${payment}`,
  voidedOn: (at, reason) => `Void since ${at}: ${reason}`,
  hash: 'SHA-256 of this invoice',
  previousHash: 'SHA-256 of the one before it',
  first: 'none: the first of its series',
  proof: (number) =>
    `Every line can be traced to readings of the kernel: bulkhead invoice evidence ${number}, then bulkhead invoice verify.`,
};

const chineseMeters: Record<MeterId, string> = {
  'cpu-used': 'CPU 使用时间',
  'cpu-allocated': 'CPU 分配时间',
  'memory-used': '内存使用量',
  'memory-allocated': '内存分配量',
  'memory-peak': '内存峰值',
  'disk-used': '磁盘使用量',
  'io-read-bytes': '磁盘读取数据量',
  'io-write-bytes': '磁盘写入数据量',
  'io-read-operations': '磁盘读取次数',
  'io-write-operations': '磁盘写入次数',
  'network-in-bytes': '网络接收数据量',
  'network-out-bytes': '网络发送数据量',
  'running-time': '运行时间',
  'paused-time': '暂停时间',
  'address-held': '占用地址',
  'cpu-stalled': '等待 CPU 的停顿时间',
  'memory-stalled': '等待内存的停顿时间',
  'io-stalled': '等待磁盘的停顿时间',
};

const chineseUnits: Record<string, string> = {
  'Core-Hours': '核·小时',
  'GiB-Hours': 'GiB·小时',
  GiB: 'GiB',
  '1000000 Operations': '百万次',
  Hours: '小时',
  'Address-Hours': '地址·小时',
  Months: '个月',
  Packages: '包',
  Units: '项',
};

/** A line in Chinese. Names that people gave (fees, reasons) stay as they are. */
function describeInChinese({ kind, meter, tier, description, refersTo }: InvoiceLine): string {
  const name = meter === undefined ? description : chineseMeters[meter];
  switch (kind) {
    case 'usage':
      return tier === undefined ? name : `${name}，第 ${tier} 档`;
    case 'included':
      return `${name}，套餐内含`;
    case 'fee':
      return description.replace(/, (\d+) of (\d+) seconds$/, '，$1 / $2 秒').replace(/, (\d+) of (\d+) days$/, '，$1 / $2 天');
    case 'minimum':
      return meter === undefined ? '补足最低消费' : `${name}，补足最低消费`;
    case 'cap':
      return meter === undefined ? '超出封顶部分' : `${name}，超出封顶部分`;
    case 'credit':
      return `抵扣：${description.replace(/^Credit: /, '')}`;
    case 'correction': {
      const what = meter === undefined ? description.replace(/^(?:Correction of|Given back of) [^:]*: /, '') : name;
      return description.startsWith('Given back') ? `退还 ${refersTo ?? ''}：${what}` : `更正 ${refersTo ?? ''}：${what}`;
    }
  }
}

const zh: Words = {
  invoice: '账单',
  creditNote: '贷项通知单',
  draft: '草稿，不是账单',
  paid: '已付',
  void: '已作废',
  number: '编号',
  issued: '开具时间',
  period: '计费周期',
  hours: (hours) => `${hours} 小时`,
  billTo: '付款方',
  account: (tenantId) => `账户 ${tenantId}`,
  description: '项目',
  quantity: '数量',
  unitPrice: '单价',
  amount: (currency) => `金额（${currency}）`,
  subtotal: '小计',
  tax: (name, percent) => `${name} ${percent} %`,
  total: '合计',
  continued: '续',
  page: (page, of) => `第 ${page} 页，共 ${of} 页`,
  notes: '说明',
  describe: describeInChinese,
  charged: { used: '按使用量计费', allocated: '按分配量计费' },
  plan: (planId, version) => `价格方案 ${planId}，第 ${version} 版`,
  packageOf: (size, unit) => `每包 ${size} ${chineseUnits[unit] ?? unit}`,
  refersTo: (number) => `针对 ${number}`,
  unit: (unit) => chineseUnits[unit] ?? unit,
  rounding: (currency, rule) =>
    `每一行只舍入一次，保留 ${currency} 的 ${decimalsOf(currency)} 位小数，${rule === 'half-even' ? '五取偶' : '四舍五入（远离零）'}；合计等于各行舍入后的金额与税额之和。`,
  quantities: '数量显示到六位小数；金额由精确数量计算，精确数量见 CSV 与 JSON。',
  creditsBeforeTax: '抵扣额在计税之前扣除。',
  zone: (zone) => `计费周期为 ${zone} 时区的一个自然月；所有时间均为 UTC，结束时刻不包含在内。`,
  uncertain: '* 其中一部分数量为估算值，或其发生时刻不完全确定；详见证据包。',
  coverage: (percent) => `内存与磁盘在其占用时间的 ${percent} % 内被测量；其余时间不收费。`,
  unpriced: (list) => `已使用但现行价格方案不收费：${list}。`,
  meter: (id) => chineseMeters[id],
  override: ({ by, reason, at, overridden }) =>
    `计费周期尚未关账（${overridden.join('；')}），由 ${by} 于 ${at} 提前开具。原因：${reason}。`,
  allotted: (method) => `无主用量已${method === 'even' ? '平均分摊' : '按各租户自身用量的比例分摊'}。`,
  paidOn: (at, payment) => `${at} 已付：${payment}`,
  voidedOn: (at, reason) => `${at} 作废：${reason}`,
  hash: '本账单的 SHA-256',
  previousHash: '前一份账单的 SHA-256',
  first: '无：本系列的第一份',
  proof: (number) => `每一行都可追溯到内核读数：bulkhead invoice evidence ${number}，然后 bulkhead invoice verify。`,
};

export const wordsOf = (language: InvoiceLanguage): Words => (language === 'zh' ? zh : en);
