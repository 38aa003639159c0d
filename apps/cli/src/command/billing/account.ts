import { type BillingSettings, type InvoiceLanguage, Problem, type RoundingRule } from '@bulkhead/model';
import { controlOf } from '../../client/clients.ts';
import { isNotFound } from '../../failure.ts';
import { print, printJson } from '../../output/print.ts';
import { formatTable } from '../../output/table.ts';

/** Only what was said. */
const present = <T extends object>(fields: T): Partial<{ [K in keyof T]: Exclude<T[K], undefined> }> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<{
    [K in keyof T]: Exclude<T[K], undefined>;
  }>;

/** `invoice issuer` */
export async function showIssuer(
  stateDirectory: string,
  { json, name: newName, details, series: newSeries }: { json?: boolean; name?: string; details?: string; series?: string },
): Promise<void> {
  const given = present({ name: newName, details, series: newSeries });
  const { account } = controlOf(stateDirectory);
  const before = await account.issuer.query({});
  let issuer = before;
  if (Object.keys(given).length > 0) {
    const { name, series, ...rest } = { series: 'INV', ...before, ...given };
    if (name === undefined) throw new Problem('invalid', '--name is needed: nobody is named yet who issues invoices');
    issuer = await account.setIssuer.mutate({ name, series, ...rest });
  }
  if (json === true) printJson(issuer ?? null);
  else if (issuer === undefined) print('nobody is named yet who issues invoices\n');
  else print(`${issuer.name}, series ${issuer.series}\n${issuer.details === undefined ? '' : `${issuer.details}\n`}`);
}

export interface AccountOptions {
  json?: boolean;
  name?: string;
  address?: string;
  currency?: string;
  zone?: string;
  rounding?: RoundingRule;
  taxRate?: string;
  taxName?: string;
  graceHours?: string;
  language?: InvoiceLanguage;
}

/** What an account is where nothing else was said. */
const presets = { zone: 'UTC', rounding: 'half-even', taxRate: '0', taxName: 'VAT', graceHours: 72, language: 'en' } as const;

/** `invoice account` */
export async function showAccount(stateDirectory: string, tenantId: string, options: AccountOptions): Promise<void> {
  const { json, name: newName, address, currency: newCurrency, zone, rounding, taxRate, taxName, graceHours, language } = options;
  const changes = present({
    name: newName,
    address,
    currency: newCurrency,
    zone,
    rounding,
    taxRate,
    taxName,
    language,
    graceHours: graceHours === undefined ? undefined : Number(graceHours),
  });
  const { account } = controlOf(stateDirectory);
  const before = await account.get.query({ tenantId }).catch((failure: unknown) => {
    if (isNotFound(failure)) return undefined;
    throw failure;
  });
  if (Object.keys(changes).length > 0) {
    const { name, currency, ...rest }: Partial<BillingSettings> = { ...presets, ...before?.account, ...changes };
    if (name === undefined || currency === undefined) throw new Problem('invalid', 'a new account needs --name and --currency');
    await account.set.mutate({ ...presets, ...rest, name, currency, tenantId });
  }
  const view = await account.get.query({ tenantId });
  if (json === true) {
    printJson(view);
    return;
  }
  const { assignments, account: settings } = view;
  print(
    formatTable(
      ['SETTING', 'VALUE'],
      Object.entries(settings).map(([name, value]) => [name, String(value)]),
    ),
  );
  print(
    `\n${formatTable(
      ['PLAN', 'FROM', 'TO'],
      assignments.map(({ planId, from, to }) => [planId, from, to ?? '']),
    )}`,
  );
}
