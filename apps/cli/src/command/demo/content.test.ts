import { ContainerSpec, meterOf, PlanProposal, TenantId } from '@bulkhead/model';
import { expect, test } from 'vitest';
import { demoContainers, demoMark, demoPlan, demoTenants, specOf } from './content.ts';

const sum = (numbers: number[]): number => numbers.reduce((before, each) => before + each, 0);

test('six containers of two tenants may take half a CPU and 256 MiB together, and no more', () => {
  expect(demoContainers).toHaveLength(6);
  expect(new Set(demoContainers.map(({ tenantId }) => tenantId))).toEqual(new Set(demoTenants.map(({ tenantId }) => tenantId)));
  expect(sum(demoContainers.map(({ limits }) => limits.cpuMaxMillis))).toBeLessThanOrEqual(500);
  expect(sum(demoContainers.map(({ limits }) => limits.memoryMaxBytes))).toBeLessThanOrEqual(256 * 1024 * 1024);
});

test('every container is one that an agent takes, by a name of its own, and bears the mark', () => {
  for (const container of demoContainers) {
    const spec = ContainerSpec.parse(specOf(container, 1));
    expect(spec.env).toContain(demoMark);
    expect(spec.limits).toEqual(container.limits);
  }
  expect(new Set(demoContainers.map(({ name }) => name)).size).toBe(demoContainers.length);
});

test('of short containers each but the last goes with its end', () => {
  const short = demoContainers.filter(({ times }) => times !== undefined);
  expect(short).toHaveLength(1);
  for (const container of short) {
    const runs = Array.from({ length: container.times as number }, (_, index) => specOf(container, index + 1));
    expect(runs.map(({ autoRemove }) => autoRemove)).toEqual([...runs.slice(1).map(() => true), false]);
  }
});

test('prices are a plan that can be made, in the currency of both accounts, for meters that such containers use', () => {
  const plan = PlanProposal.parse({ ...demoPlan, effectiveFrom: '2026-01-01T00:00:00.000Z' });
  for (const { tenantId, account } of demoTenants) {
    expect(account).toMatchObject({ tenantId: TenantId.parse(tenantId), currency: plan.currency });
  }
  expect(plan.prices.map(({ meter }) => meterOf(meter).basis)).not.toContain('allocated');
});
