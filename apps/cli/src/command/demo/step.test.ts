import type { AccountView } from '@bulkhead/model';
import { describe, expect, test } from 'vitest';
import { demoContainers, demoIssuer, demoPlan, demoTenants } from './content.ts';
import type { Found, FoundContainer } from './found.ts';
import { demoSteps, lastingOf, takenNames } from './step.ts';
import { commandOn } from './tell.ts';

const nothing: Found = { tenants: new Map(), accounts: new Map(), planName: undefined, issuer: undefined, containers: [] };

const from = '2026-03-01T00:00:00.000Z';
const accountsOn = (planId: string): Found['accounts'] =>
  new Map(
    demoTenants.map(({ tenantId, account }): [string, AccountView] => [tenantId, { account, assignments: [{ tenantId, planId, from }] }]),
  );
const ours: FoundContainer[] = demoContainers.map(({ name, tenantId, times }, index) => ({
  id: `${index}`.padStart(16, '0'),
  name,
  tenantId,
  status: times === undefined ? 'running' : 'stopped',
  isOurs: true,
}));
const everything: Found = {
  tenants: new Map(demoTenants.map(({ tenantId, name }) => [tenantId, name])),
  accounts: accountsOn(demoPlan.planId),
  planName: demoPlan.name,
  issuer: demoIssuer,
  containers: ours,
};
const toMake = (found: Found): string[] => demoSteps(found).flatMap(({ kind, isThere }) => (isThere ? [] : [kind]));

describe('steps', () => {
  test('where there is nothing everything is made, prices before anything is used', () => {
    const kinds = demoSteps(nothing).map(({ kind }) => kind);
    expect(toMake(nothing)).toEqual(kinds);
    expect(kinds).toEqual([
      ...['tenant', 'tenant', 'account', 'account', 'issuer', 'plan', 'assignment', 'assignment'],
      ...demoContainers.map(() => 'container'),
    ]);
  });

  test('where everything is there nothing is made', () => {
    expect(toMake(everything)).toEqual([]);
  });

  test('what a run that failed half way did not come to is made, and nothing else', () => {
    expect(toMake({ ...everything, accounts: new Map(), containers: ours.slice(0, 4) })).toEqual([
      ...['account', 'account', 'assignment', 'assignment', 'container', 'container'],
    ]);
  });

  test('a container that ended is replaced, a job that ended is done', () => {
    const found = { ...everything, containers: ours.map((one): FoundContainer => ({ ...one, status: 'stopped' })) };
    const steps = demoSteps(found).filter(({ isThere }) => !isThere);
    expect(steps).toHaveLength(5);
    expect(steps).toEqual(
      ours.slice(0, 5).map(({ id, name }) => expect.objectContaining({ ended: id, container: expect.objectContaining({ name }) })),
    );
  });

  test("another issuer, and a plan that somebody gave a demo's tenant, stay", () => {
    expect(toMake({ ...everything, issuer: { name: 'Hosting', series: 'R' }, accounts: accountsOn('standard') })).toEqual([]);
  });

  test('a tenant whose last plan has ended is charged again', () => {
    const [tenant] = demoTenants as [(typeof demoTenants)[number]];
    const { tenantId, account } = tenant;
    const ended = { account, assignments: [{ tenantId, planId: demoPlan.planId, from, to: '2026-03-02T00:00:00.000Z' }] };
    const found = { ...everything, accounts: new Map(everything.accounts).set(tenantId, ended) };
    expect(lastingOf(found, tenantId)).toBeUndefined();
    expect(toMake(found)).toEqual(['assignment']);
  });
});

describe('names that somebody else has', () => {
  test('are none where there is nothing, or the demo alone', () => {
    expect(takenNames(nothing)).toEqual([]);
    expect(takenNames(everything)).toEqual([]);
  });

  test('are a tenant of another name or of none, a plan of another name, and a container without the mark', () => {
    const [first, second] = demoTenants.map(({ tenantId }) => tenantId) as [string, string];
    const [container, ...others] = ours as [FoundContainer, ...FoundContainer[]];
    const found: Found = {
      ...everything,
      tenants: new Map([
        [first, 'Mine'],
        [second, undefined],
      ]),
      planName: 'Mine',
      containers: [{ ...container, tenantId: 'default', isOurs: false }, ...others],
    };
    expect(takenNames(found)).toEqual([`tenant ${first}`, `tenant ${second}`, `plan ${demoPlan.planId}`, `container ${container.name}`]);
  });

  test("are not those of a container that somebody runs beside the demo's, for its tenant", () => {
    const guest: FoundContainer = { ...(ours[0] as FoundContainer), name: 'guest', isOurs: false };
    expect(takenNames({ ...everything, containers: [...ours, guest] })).toEqual([]);
  });
});

test('commands name the instance where it is not the one that is meant anyway, quoted for a shell', () => {
  expect(commandOn('/var/lib/bulkhead', '/var/lib/bulkhead')).toBe('./bulkhead');
  expect(commandOn('/tmp/mine', '/var/lib/bulkhead')).toBe('./bulkhead --state-dir /tmp/mine');
  expect(commandOn("/tmp/it's mine", '/var/lib/bulkhead')).toBe("./bulkhead --state-dir '/tmp/it'\\''s mine'");
});
