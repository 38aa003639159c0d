import { describeMeter, monthOf } from '@bulkhead/accounting';
import { type ExampleUse, type MeterPrice, meterOf, PlanProposal, type PlanVersion, Problem, toFieldIssues } from '@bulkhead/model';
import { type ControlClient, controlOf } from '../../client/clients.ts';
import { print, printJson } from '../../output/print.ts';
import { formatTable } from '../../output/table.ts';
import { toTimestamp } from '../../output/timestamp.ts';
import { formatLines } from './invoice-table.ts';
import { readJsonFile } from './json-file.ts';

interface Output {
  json?: boolean;
}

/** Throws Problem `invalid` that names each field that is wrong, and why. */
function readProposal(path: string): PlanProposal {
  const parsed = PlanProposal.safeParse(readJsonFile(path));
  if (parsed.success) return parsed.data;
  throw new Problem(
    'invalid',
    toFieldIssues(parsed.error)
      .map(({ field, cause }) => (field === '' ? cause : `${field}: ${cause}`))
      .join('; '),
  );
}

/** A month of the tenant's zone, or a moment. */
async function momentOf(control: ControlClient, option: string, text: string, tenantId: string): Promise<string> {
  if (!/^\d{4}-\d{2}$/.test(text)) return toTimestamp(option, text);
  const { account } = await control.account.get.query({ tenantId });
  return monthOf(text, account.zone).start;
}

/** `plan ls` */
export async function listPlans(stateDirectory: string, { json }: Output): Promise<void> {
  const plans = await controlOf(stateDirectory).plan.list.query({});
  if (json === true) {
    printJson(plans);
    return;
  }
  const rows = plans.map(({ planId, name, currency, versions, inForce, tenants }) => [
    planId,
    name,
    currency,
    String(versions),
    inForce === undefined ? 'not yet' : String(inForce),
    String(tenants),
  ]);
  print(formatTable(['PLAN', 'NAME', 'CURRENCY', 'VERSIONS', 'IN FORCE', 'TENANTS'], rows));
}

function describePrice({ meter, price }: MeterPrice): string {
  const { pricingUnit } = meterOf(meter);
  switch (price.model) {
    case 'per-unit':
      return `${price.unitPrice} a ${pricingUnit}`;
    case 'package':
      return `${price.packagePrice} for each ${price.size} ${pricingUnit}`;
    case 'graduated':
    case 'volume':
      return `${price.tiers.map(({ upTo, unitPrice }) => `${unitPrice} up to ${upTo}`).join(', ')} ${pricingUnit} (${price.model})`;
  }
}

function describeVersion({ version, name, currency, effectiveFrom, prices, fees, minimum, cap }: PlanVersion): string {
  const bound = (what: string, found: { amount: string } | undefined): string[][] => (found === undefined ? [] : [[what, found.amount]]);
  const rows = [
    ...prices.flatMap((price) => [
      [describeMeter(price.meter), describePrice(price)],
      ...(price.included === undefined ? [] : [['  included', price.included.quantity]]),
      ...bound('  at least', price.minimum),
      ...bound('  at most', price.cap),
    ]),
    ...fees.map((fee) => [fee.name, `${fee.amount} a month, by the ${fee.proration}`]),
    ...bound('at least', minimum),
    ...bound('at most', cap),
  ];
  return `version ${version}: ${name}, ${currency}, from ${effectiveFrom}\n${formatTable(['WHAT', 'PRICE'], rows)}`;
}

/** `plan show` */
export async function showPlan(stateDirectory: string, planId: string, { json }: Output): Promise<void> {
  const versions = await controlOf(stateDirectory).plan.inspect.query({ planId });
  if (json === true) printJson(versions);
  else print(versions.map(describeVersion).join('\n'));
}

/** `plan create`, `plan add-version` */
export async function addPlanVersion(stateDirectory: string, path: string, { json, isNew }: Output & { isNew: boolean }): Promise<void> {
  const proposal = readProposal(path);
  const { plan } = controlOf(stateDirectory);
  const version = await (isNew ? plan.create : plan.addVersion).mutate(proposal);
  if (json === true) printJson(version);
  else print(`plan ${version.planId}, version ${version.version}, in force from ${version.effectiveFrom}\n`);
}

/** `plan withdraw` */
export async function withdrawPlanVersion(stateDirectory: string, planId: string, version: string): Promise<void> {
  await controlOf(stateDirectory).plan.withdraw.mutate({ planId, version: Number(version) });
  print(`version ${version} of plan ${planId} is withdrawn\n`);
}

function toExample(text: string): ExampleUse {
  const [, meter, quantity] = /^([a-z-]+)=(.+)$/.exec(text) ?? [];
  if (meter === undefined || quantity === undefined)
    throw new Problem('invalid', `--use: "${text}" is no quantity of a meter; write it like cpu-used=120`);
  // The control plane's schema says which meters there are.
  return { meter: meter as ExampleUse['meter'], quantity };
}

/** `plan preview` */
export async function previewPlan(
  stateDirectory: string,
  path: string,
  { json, use = [], month, zone }: Output & { use?: string[]; month?: string; zone?: string },
): Promise<void> {
  const example = await controlOf(stateDirectory).plan.preview.query({
    plan: readProposal(path),
    use: use.map(toExample),
    ...(month === undefined ? {} : { month }),
    ...(zone === undefined ? {} : { zone }),
  });
  if (json === true) printJson(example);
  else print(`${formatLines(example)}\nbefore credits and tax: ${example.subtotal} ${example.currency}\n`);
}

/** `plan assign` */
export async function assignPlan(
  stateDirectory: string,
  planId: string,
  { json, tenant, from }: Output & { tenant: string; from: string },
): Promise<void> {
  const control = controlOf(stateDirectory);
  const at = await momentOf(control, '--from', from, tenant);
  const assignment = await control.account.assign.mutate({ tenantId: tenant, planId, from: at });
  if (json === true) printJson(assignment);
  else print(`tenant ${tenant} is charged by plan ${planId} from ${at}\n`);
}

/** `plan unassign` */
export async function unassignPlan(stateDirectory: string, { json, tenant, at }: Output & { tenant: string; at: string }): Promise<void> {
  const control = controlOf(stateDirectory);
  const moment = await momentOf(control, '--at', at, tenant);
  const account = await control.account.unassign.mutate({ tenantId: tenant, at: moment });
  if (json === true) printJson(account);
  else print(`tenant ${tenant} is charged by no plan from ${moment}\n`);
}
