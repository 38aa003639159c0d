import { randomBytes, randomUUID } from 'node:crypto';
import { controlContract, type ProcedureContract, type Role, rolePermissions } from '@bulkhead/api';
import { finaliseMonth } from '@bulkhead/billing';
import { addPlanVersion, assignPlan } from '@bulkhead/db';
import type { Container } from '@bulkhead/model';
import { TRPCClientError } from '@trpc/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeIssuer, makeTenant, proposal, settings } from '../../packages/billing/test/books.ts';
import { namespaceKeyOf } from '../support/control/namespaces.ts';
import { makeMember, openSession, setUp, type TestSession } from '../support/control/session.ts';
import { startTestWeb, type TestWeb } from '../support/control/web.ts';

/** What stands for an object in an input: a container, a tenant or an event of somebody's. */
interface Target {
  container: Container | { id: string; name: string };
  tenantId: string;
  eventId: string;
  /** Of an invoice that was issued to the tenant. */
  invoiceNumber: string;
  /** Of a price plan that the tenant is charged by. */
  planId: string;
}

/** How one procedure is tried. A procedure that is not in this table fails the test. */
interface Expectation {
  input(target: Target): unknown;
  /**
   * `object`: names one object; a foreign one answers as an unknown one does.
   * `list`: answers with what is in scope; the foreign is not in it.
   * `nothing`: names no object and shows none.
   */
  about: 'object' | 'list' | 'nothing';
}

const one = (more: object = {}): Expectation => ({ about: 'object', input: ({ container }) => ({ container: container.id, ...more }) });
const listing = (input: Expectation['input'] = () => ({})): Expectation => ({ about: 'list', input });
const ofTenant = (more: object = {}): Expectation => ({ about: 'object', input: ({ tenantId }) => ({ tenantId, ...more }) });
const ofInvoice = (more: object = {}): Expectation => ({
  about: 'object',
  input: ({ invoiceNumber }) => ({ number: invoiceNumber, ...more }),
});
const window = { from: new Date(Date.now() - 3_600_000).toISOString(), to: new Date(Date.now() + 3_600_000).toISOString() };

const expectations: Record<string, Expectation> = {
  'session.current': { about: 'nothing', input: () => ({}) },
  'setup.state': { about: 'nothing', input: () => ({}) },
  'setup.complete': {
    about: 'nothing',
    input: () => ({ token: 'not-the-token', name: 'Eve', email: 'eve@example.org', password: 'a-long-password' }),
  },
  'setup.openLink': { about: 'nothing', input: () => ({ token: 'not-the-token' }) },
  'setup.setPassword': { about: 'nothing', input: () => ({ token: 'not-the-token', password: 'a-long-password' }) },
  'user.list': { about: 'nothing', input: () => ({}) },
  'user.add': {
    about: 'nothing',
    input: () => ({ name: 'Eve', email: `eve-${randomBytes(4).toString('hex')}@example.org`, tenantId: 'acme' }),
  },
  'user.reset': { about: 'nothing', input: () => ({ user: 'gus@globex.example' }) },
  'user.remove': { about: 'nothing', input: () => ({ user: 'nobody@example.org' }) },
  'container.list': listing(({ tenantId }) => ({ tenantId })),
  'container.inspect': one(),
  'container.create': {
    about: 'object',
    input: ({ tenantId }) => ({ name: `made-${randomBytes(4).toString('hex')}`, tenantId, image: 'host', args: ['true'] }),
  },
  'container.run': {
    about: 'object',
    input: ({ tenantId }) => ({ name: `made-${randomBytes(4).toString('hex')}`, tenantId, image: 'host', args: ['true'] }),
  },
  'container.start': one(),
  'container.update': one({ limits: { pidsMax: 100 } }),
  'container.kill': one({ signal: 15 }),
  'container.stop': one({ timeoutSeconds: 0 }),
  'container.delete': one({ force: true }),
  'container.wait': one({ timeoutSeconds: 0 }),
  'container.postMortem': one(),
  'container.processes': one(),
  'container.logs': one(),
  'container.exec': one({ args: ['true'] }),
  'container.output': one(),
  'container.input': one({ data: '' }),
  'container.resize': one({ columns: 80, rows: 24 }),
  'container.watch': listing(({ tenantId }) => ({ tenantId })),
  'container.recent': one(),
  'container.samples': listing(),
  'container.history': { about: 'object', input: ({ container }) => ({ containerId: container.id, ...window }) },
  'container.trends': listing(({ container }) => ({ containers: [container.id] })),
  'container.past': listing(),
  'event.list': listing(({ container }) => ({ container: container.id })),
  'event.inspect': { about: 'object', input: ({ eventId }) => ({ id: eventId }) },
  'event.watch': listing(),
  'usage.summarise': listing(({ tenantId }) => ({ tenantId })),
  'ledger.report': listing(({ tenantId }) => ({ tenantId, ...window })),
  'ledger.conservation': listing(({ tenantId }) => ({ tenantId, ...window })),
  'ledger.gaps': listing(({ tenantId }) => ({ tenantId, ...window })),
  'ledger.watermarks': { about: 'nothing', input: () => window },
  'tenant.list': listing(),
  // Each caller another one: what one of them made is no conflict for the next.
  'tenant.add': { about: 'nothing', input: () => ({ tenantId: `t-${randomUUID().slice(0, 8)}` }) },
  'tenant.rename': { about: 'nothing', input: () => ({ tenantId: 'was-never-there', name: 'Nobody' }) },
  'tenant.own': { about: 'nothing', input: () => ({ tenantId: 'acme', resource: { kind: 'cgroup', path: `/of-${randomUUID()}` } }) },
  'tenant.disown': { about: 'nothing', input: () => ({ tenantId: 'acme', resource: { kind: 'cgroup', path: '/was-never-owned' } }) },
  'tenant.owned': listing(({ tenantId }) => ({ tenantId })),
  'plan.list': listing(),
  'plan.inspect': { about: 'object', input: ({ planId }) => ({ planId }) },
  'plan.create': { about: 'nothing', input: () => proposal({ planId: `made-${randomBytes(4).toString('hex')}` }) },
  'plan.addVersion': { about: 'nothing', input: () => proposal({ planId: 'nowhere' }) },
  'plan.withdraw': { about: 'nothing', input: () => ({ planId: 'nowhere', version: 1 }) },
  'plan.preview': { about: 'nothing', input: () => ({ plan: proposal(), use: [{ meter: 'cpu-used', quantity: '3' }] }) },
  'account.list': listing(),
  'account.get': ofTenant(),
  'account.set': { about: 'nothing', input: () => settings('acme') },
  'account.assign': { about: 'nothing', input: () => ({ tenantId: 'nobody', planId: 'nowhere', from: '2026-01-01T00:00:00.000Z' }) },
  'account.unassign': { about: 'nothing', input: () => ({ tenantId: 'nobody', at: '2026-01-01T00:00:00.000Z' }) },
  'account.issuer': { about: 'nothing', input: () => ({}) },
  'account.setIssuer': { about: 'nothing', input: () => ({ name: 'Bulkhead GmbH', series: 'T' }) },
  'credit.list': ofTenant(),
  'credit.grant': { about: 'nothing', input: () => ({ tenantId: 'acme', amount: '1.00', currency: 'EUR', reason: 'matrix' }) },
  'invoice.draft': ofTenant({ month: '2026-02' }),
  'invoice.finalise': { about: 'nothing', input: () => ({ tenantId: 'nobody', month: '2026-01' }) },
  'invoice.pay': { about: 'nothing', input: () => ({ number: 'T-999999', payment: 'cash' }) },
  'invoice.void': { about: 'nothing', input: () => ({ number: 'T-999999', reason: 'matrix' }) },
  'invoice.creditNote': { about: 'nothing', input: () => ({ number: 'T-999999', reason: 'matrix', given: 'all' }) },
  'invoice.list': listing(({ tenantId }) => ({ tenantId })),
  'invoice.inspect': ofInvoice(),
  'invoice.export': ofInvoice({ format: 'csv' }),
  'invoice.exportDraft': ofTenant({ month: '2026-02' }),
  'invoice.evidence': ofInvoice(),
  'host.list': { about: 'nothing', input: () => ({}) },
  'host.doctor': { about: 'nothing', input: () => ({}) },
  'host.storage': { about: 'nothing', input: () => ({}) },
  'namespace.list': listing(),
  'namespace.inspect': { about: 'object', input: ({ container }) => ({ key: namespaceKeyOf(container) }) },
  'namespace.watch': listing(),
  'cgroup.tree': { about: 'nothing', input: () => ({}) },
  'cgroup.inspect': { about: 'nothing', input: () => ({ path: '/' }) },
  'cgroup.watch': { about: 'nothing', input: () => ({}) },
  'cgroup.recent': { about: 'nothing', input: () => ({ path: '/' }) },
  'cgroup.controllers': { about: 'nothing', input: () => ({}) },
  'cgroup.settings': { about: 'nothing', input: () => ({ path: '/' }) },
  'cgroup.processes': { about: 'nothing', input: () => ({ path: '/' }) },
  'cgroup.plan': { about: 'nothing', input: () => ({ path: '/', changes: [{ key: 'pids.max', value: '5' }] }) },
  'cgroup.set': { about: 'nothing', input: () => ({ path: '/made', changes: [{ key: 'pids.max', value: '5' }] }) },
  'cgroup.create': { about: 'nothing', input: () => ({ path: '/made' }) },
  'cgroup.remove': { about: 'nothing', input: () => ({ path: '/made', confirmed: true }) },
  'cgroup.move': { about: 'nothing', input: () => ({ path: '/made', pids: [1] }) },
  'cgroup.freeze': { about: 'nothing', input: () => ({ path: '/made', confirmed: true }) },
  'cgroup.thaw': { about: 'nothing', input: () => ({ path: '/made' }) },
  'cgroup.kill': { about: 'nothing', input: () => ({ path: '/made', confirmed: true }) },
  'cgroup.previewConfig': { about: 'nothing', input: () => ({ text: 'group a { cpu {} }' }) },
  'cgroup.importConfig': { about: 'nothing', input: () => ({ name: 'matrix', text: '# nothing\n' }) },
  'cgroup.exportConfig': { about: 'nothing', input: () => ({ path: '/system.slice' }) },
  'cgroup.makeFromTemplate': { about: 'nothing', input: () => ({ template: '/students/%u', pid: 1 }) },
  'cgroup.listConfigs': { about: 'nothing', input: () => ({}) },
  'cgroup.removeConfig': { about: 'nothing', input: () => ({ name: 'matrix' }) },
  'cgroup.history': { about: 'nothing', input: () => ({ path: '/', ...window }) },
  'lab.list': { about: 'nothing', input: () => ({}) },
  'lab.start': { about: 'nothing', input: () => ({ lab: 'shares' }) },
  'lab.watch': { about: 'nothing', input: () => ({}) },
  'lab.stop': { about: 'nothing', input: () => ({ run: 'ffff' }) },
  'host.use': { about: 'nothing', input: () => ({}) },
  'host.recent': { about: 'nothing', input: () => ({}) },
  'host.watch': { about: 'nothing', input: () => ({}) },
};

/** Procedures whose `own` object is there and whose call is still refused for a reason of its own. */
const refusedForItself = new Map([
  ['setup.complete', 'CONFLICT'],
  ['setup.openLink', 'FORBIDDEN'],
  ['setup.setPassword', 'FORBIDDEN'],
  ['user.remove', 'NOT_FOUND'],
  ['lab.stop', 'NOT_FOUND'],
  ['tenant.rename', 'NOT_FOUND'],
  ['tenant.disown', 'NOT_FOUND'],
  ['plan.addVersion', 'NOT_FOUND'],
  ['plan.withdraw', 'NOT_FOUND'],
  ['account.assign', 'NOT_FOUND'],
  ['account.unassign', 'NOT_FOUND'],
  ['invoice.finalise', 'NOT_FOUND'],
  ['invoice.pay', 'NOT_FOUND'],
  ['invoice.void', 'NOT_FOUND'],
  ['invoice.creditNote', 'NOT_FOUND'],
]);

/** Lists in which the target's container does not stand: it is not gone, nor was it ever given to anybody, and its hour goes on. */
const isWithoutContainer = new Set(['container.past', 'tenant.list', 'tenant.owned', 'ledger.conservation', 'ledger.gaps']);

const procedures = Object.entries(controlContract).flatMap(([noun, verbs]) =>
  Object.entries(verbs).map(([verb, contract]): [string, ProcedureContract] => [`${noun}.${verb}`, contract]),
);

/** Answer or refusal of one call, with what differs from call to call taken out. */
type Outcome = { answer: unknown } | { code: string; message: string; data: unknown };

const listenMsec = 700;

async function outcomeOf(session: TestSession, path: string, kind: ProcedureContract['kind'], input: unknown): Promise<Outcome> {
  const [noun = '', verb = ''] = path.split('.');
  // The router's type knows each procedure by name; a table of names does not.
  const client = session.client as unknown as Record<string, Record<string, Record<string, (...args: unknown[]) => unknown>>>;
  const procedure = client[noun]?.[verb];
  try {
    if (kind === 'query') return { answer: await procedure?.query?.(input) };
    if (kind === 'mutation') return { answer: await procedure?.mutate?.(input) };
    const items: unknown[] = [];
    await new Promise<void>((resolve, reject) => {
      const subscription = procedure?.subscribe?.(input, {
        onData: (item: unknown) => items.push(item),
        onError: reject,
        onComplete: resolve,
        onConnectionStateChange: (state: { state: string; error: unknown }) =>
          state.state === 'connecting' && state.error && reject(state.error),
      }) as { unsubscribe(): void };
      setTimeout(() => {
        subscription.unsubscribe();
        resolve();
      }, listenMsec);
    });
    return { answer: items };
  } catch (failure) {
    if (!(failure instanceof TRPCClientError)) throw failure;
    const { reference: _, ...data } = (failure.data ?? {}) as Record<string, unknown>;
    return { code: String(data.code ?? 'NO_CONNECTION'), message: failure.message, data };
  }
}

let web: TestWeb;
let sessions: Record<'anonymous' | 'administrator' | 'acme' | 'globex', TestSession>;
const roleOf = { anonymous: 'anonymous', administrator: 'administrator', acme: 'member', globex: 'member' } as const satisfies Record<
  string,
  Role
>;
type Who = keyof typeof roleOf;

beforeAll(async () => {
  web = await startTestWeb();
  sessions = {
    anonymous: openSession(web, ''),
    administrator: await setUp(web),
    acme: await makeMember(web, 'anna@acme.example', ['acme']),
    globex: await makeMember(web, 'gus@globex.example', ['globex']),
  };
  await makeIssuer(web.database.web);
  for (const tenantId of ['acme', 'globex']) await makeBilled(tenantId);
});

/** What each tenant has of bills: a plan of its own and an invoice for January. */
const billed = new Map<string, { planId: string; invoiceNumber: string }>();
async function makeBilled(tenantId: string): Promise<void> {
  const planId = `plan-of-${tenantId}`;
  await makeTenant(web.database.web, tenantId);
  await addPlanVersion(web.database.web, proposal({ planId }), { isNew: true, by: 'test' });
  await assignPlan(web.database.web, { tenantId, planId, from: '2026-01-01T00:00:00.000Z' });
  const ofMonth = { tenantId, month: '2026-01', override: { reason: 'a test' } };
  const { number } = await finaliseMonth(web.database.web, ofMonth, { by: 'test', now: new Date('2026-02-10T00:00:00.000Z') });
  billed.set(tenantId, { planId, invoiceNumber: number });
}

afterAll(async () => {
  for (const session of Object.values(sessions ?? {})) session.close();
  await web?.[Symbol.asyncDispose]();
});

/** A container of a tenant with an event, both known to the database too. */
async function makeTarget(tenantId: string): Promise<Target> {
  const container = web.agent.add({ name: `${tenantId}-${randomBytes(4).toString('hex')}`, tenantId });
  const event = web.agent.tell('container.started', container);
  await web.stored();
  const { planId, invoiceNumber } = billed.get(tenantId) ?? { planId: '', invoiceNumber: '' };
  return { container, tenantId, eventId: event.id, planId, invoiceNumber };
}

const unknown = (): Target => {
  const id = randomBytes(8).toString('hex');
  return {
    container: { id, name: `name-${id}` },
    tenantId: `tenant-${id}`,
    eventId: randomUUID(),
    planId: `plan-${id}`,
    invoiceNumber: `T-${id}`,
  };
};

/** The words of an answer, with the names that were asked for made alike. */
function alike(outcome: Outcome, target: Target): string {
  return JSON.stringify(outcome)
    .replaceAll(target.container.name, '<id>')
    .replaceAll(target.planId, '<plan>')
    .replaceAll(target.invoiceNumber, '<invoice>')
    .replaceAll(target.tenantId, '<tenant>')
    .replaceAll(namespaceKeyOf(target.container), '<namespace>')
    .replaceAll(target.container.id, '<id>')
    .replaceAll(target.eventId, '<event>');
}

it('knows what to expect of every procedure, and of no other', () => {
  expect(Object.keys(expectations).sort()).toEqual(procedures.map(([path]) => path).sort());
});

describe.each(procedures)('%s', (path, contract) => {
  const expectation = expectations[path];
  if (expectation === undefined) return;

  it.each(Object.keys(roleOf) as Who[])('%s', async (who) => {
    const session = sessions[who];
    const role = roleOf[who];
    const call = (target: Target) => outcomeOf(session, path, contract.kind, expectation.input(target));
    const ownTenant = who === 'globex' ? 'globex' : 'acme';
    const own = await makeTarget(ownTenant);

    if (role === 'anonymous' && contract.permission !== 'none') {
      const foreign = await call(own);
      // Nobody gets no WebSocket at all; over HTTP the refusal has words.
      expect(foreign).toMatchObject({ code: contract.kind === 'subscription' ? 'NO_CONNECTION' : 'UNAUTHORIZED' });
      const strange = unknown();
      expect(alike(await call(strange), strange)).toBe(alike(foreign, own));
      return;
    }
    if (!rolePermissions[role].has(contract.permission) || (contract.scope === 'host' && role === 'member')) {
      expect(await call(own)).toMatchObject({ code: 'FORBIDDEN' });
      return;
    }

    const allowed = await call(own);
    const refusal = refusedForItself.get(path);
    if (refusal === undefined) expect(allowed).toHaveProperty('answer');
    else expect(allowed).toMatchObject({ code: refusal });
    if (expectation.about === 'list' && contract.kind === 'query' && !isWithoutContainer.has(path)) {
      const sought = { 'plan.list': own.planId, 'account.list': own.tenantId, 'invoice.list': own.invoiceNumber }[path];
      expect(JSON.stringify(allowed), 'the own object is in the list').toContain(sought ?? own.container.id);
    }

    if (role !== 'member' || expectation.about === 'nothing') return;
    const foreignTenant = who === 'acme' ? 'globex' : 'acme';
    const foreign = await makeTarget(foreignTenant);
    const strange = unknown();
    const [foreignOutcome, strangeOutcome] = [await call(foreign), await call(strange)];
    if (expectation.about === 'object') {
      expect(foreignOutcome).not.toHaveProperty('answer');
      expect(alike(foreignOutcome, foreign)).toBe(alike(strangeOutcome, strange));
    } else {
      expect(JSON.stringify(foreignOutcome)).not.toContain(foreign.container.id);
      expect(JSON.stringify(foreignOutcome)).not.toContain(foreign.planId);
      expect(JSON.stringify(foreignOutcome)).not.toContain(foreign.invoiceNumber);
      expect(JSON.stringify(foreignOutcome)).not.toContain(`"${foreignTenant}"`);
      if (contract.kind === 'query') expect(alike(foreignOutcome, foreign)).toBe(alike(strangeOutcome, strange));
    }
  });
});
