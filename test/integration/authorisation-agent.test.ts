import { setTimeout as sleep } from 'node:timers/promises';
import { agentContract, type ProcedureContract } from '@bulkhead/api';
import { detectCgroups } from '@bulkhead/cgroup';
import { type ContainerDetail, cgroupRoot, type NamespaceInventory } from '@bulkhead/model';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestInstance, type TestInstance } from '../support/launcher.ts';
import { describeNeeds } from '../support/needs.ts';
import { AgentProcess, type Answer, type As } from './agent-process.ts';

const callers = {
  anonymous: { kind: 'anonymous' },
  administrator: { kind: 'statement', role: 'administrator', tenants: 'all' },
  'member of A': { kind: 'statement', role: 'member', tenants: ['tenant-a'] },
  'member of B': { kind: 'statement', role: 'member', tenants: ['tenant-b'] },
  'member of none': { kind: 'statement', role: 'member', tenants: [] },
  collector: { kind: 'statement', role: 'collector', tenants: 'all' },
  'local root': { kind: 'local-root' },
} as const satisfies Record<string, As>;
type CallerName = keyof typeof callers;

/** `of A`: an object of tenant A; `unknown`: one that does not exist, in the same form. */
const targets = ['of A', 'unknown'] as const;
type Target = (typeof targets)[number];

/** `passed`: authorisation let it through, whatever came of it then. */
type Outcome = 'passed' | 'unauthenticated' | 'forbidden' | 'not-found';
type Row = Record<CallerName, Outcome>;

/** Verbs on one container: strangers get no further than the door, other tenants not further than "there is none". */
const onOwnContainer: Row = {
  anonymous: 'unauthenticated',
  administrator: 'passed',
  'member of A': 'passed',
  'member of B': 'not-found',
  'member of none': 'not-found',
  collector: 'forbidden',
  'local root': 'passed',
};
const onUnknownContainer: Row = { ...onOwnContainer, administrator: 'not-found', 'member of A': 'not-found', 'local root': 'not-found' };
/** Lists and streams of whatever is in scope: a member of nothing sees an empty one. */
const inScope: Row = { ...onOwnContainer, 'member of B': 'passed', 'member of none': 'passed' };
const host: Row = {
  ...onOwnContainer,
  'member of A': 'forbidden',
  'member of B': 'forbidden',
  'member of none': 'forbidden',
  collector: 'passed',
};
/** What shows the work of every tenant and of the host itself. */
const wholeHost: Row = { ...host, collector: 'forbidden' };
/** Of a group that is not there: the policy of a new host lets a control plane limit what is not of this instance, and do no more. */
const limitsForeign: Row = { ...wholeHost, administrator: 'not-found', 'local root': 'not-found' };
const actsOnForeign: Row = { ...limitsForeign, administrator: 'forbidden' };
/** Who may pass finds that there is none. */
const unknownRun: Row = { ...wholeHost, administrator: 'not-found', 'local root': 'not-found' };
const collecting: Row = { ...host, administrator: 'forbidden' };

interface Expectation {
  of: Record<Target, Row>;
  input(reference: string): unknown;
}
const one = (more: object = {}): Expectation => ({
  of: { 'of A': onOwnContainer, unknown: onUnknownContainer },
  input: (container) => ({ container, ...more }),
});
const any = (row: Row, input?: unknown): Expectation => ({ of: { 'of A': row, unknown: row }, input: () => input });

let names = 0;
const making: Expectation = {
  // A tenant need not be known to the host before its first container; to a member every other is the same.
  of: { 'of A': onOwnContainer, unknown: { ...onOwnContainer, 'member of A': 'not-found' } },
  input: (reference) => {
    names += 1;
    return { name: `made-${names}`, tenantId: reference === 'unknown' ? 'tenant-unknown' : 'tenant-a', image: 'host', args: ['true'] };
  },
};
/** A namespace that a container made, by the container's id. */
const namespaceOf = new Map<string, string>();
/** What each procedure must answer to whom. A procedure that is missing here fails the test. */
const expectations: Record<string, Expectation> = {
  'container.list': any(inScope, {}),
  'container.inspect': one(),
  'container.create': making,
  'container.run': making,
  'container.start': one(),
  'container.update': one({ limits: { pidsMax: 100 } }),
  'container.kill': one({ signal: 1 }),
  'container.stop': one({ timeoutSeconds: 0 }),
  'container.delete': one({ force: true }),
  'container.wait': one({ timeoutSeconds: 0 }),
  'container.postMortem': one(),
  'container.processes': one(),
  'container.logs': one(),
  'container.exec': one({ args: ['true'], env: [] }),
  'container.output': one(),
  'container.input': one({ data: 'eA==' }),
  'container.resize': one({ columns: 80, rows: 25 }),
  'container.watch': any(inScope, {}),
  'container.recent': one(),
  'container.samples': any(inScope, {}),
  'namespace.list': any(inScope, {}),
  'namespace.inspect': {
    of: { 'of A': onOwnContainer, unknown: onUnknownContainer },
    input: (reference) => ({ key: namespaceOf.get(reference) ?? '4-1' }),
  },
  'namespace.watch': any(inScope, {}),
  'cgroup.tree': any(wholeHost, {}),
  'cgroup.inspect': any(wholeHost, { path: '/' }),
  'cgroup.watch': any(wholeHost, {}),
  'cgroup.recent': any(wholeHost, { path: '/' }),
  'cgroup.controllers': any(wholeHost, {}),
  'cgroup.settings': any(wholeHost, { path: '/' }),
  'cgroup.processes': any(wholeHost, { path: '/' }),
  'cgroup.plan': any(wholeHost, { path: '/', verb: 'thaw' }),
  'cgroup.set': any(limitsForeign, { path: '/not-there', changes: [{ key: 'pids.max', value: '5' }] }),
  // Below a file there is no group to make.
  'cgroup.create': any({ ...actsOnForeign, 'local root': 'passed' }, { path: '/cgroup.procs/made', confirmed: true }),
  'cgroup.remove': any(actsOnForeign, { path: '/not-there', confirmed: true }),
  'cgroup.move': any(actsOnForeign, { path: '/not-there', pids: [4_194_303] }),
  'cgroup.freeze': any(actsOnForeign, { path: '/not-there', confirmed: true }),
  'cgroup.thaw': any(actsOnForeign, { path: '/not-there' }),
  'cgroup.kill': any(actsOnForeign, { path: '/not-there', confirmed: true }),
  'cgroup.previewConfig': any(wholeHost, { text: 'group a { cpu {} }' }),
  // A text that holds no group: it is let through, and changes nothing of the host.
  'cgroup.importConfig': any(wholeHost, { name: 'matrix', text: '# nothing\n' }),
  'cgroup.exportConfig': any(wholeHost, { path: '/', controllers: ['pids'] }),
  // A path without a variable is none of a template: it is let through, and makes nothing.
  'cgroup.makeFromTemplate': any(wholeHost, { template: '/plain', pid: 1 }),
  'cgroup.listConfigs': any(wholeHost, {}),
  'cgroup.removeConfig': any({ ...wholeHost, administrator: 'not-found', 'local root': 'not-found' }, { name: 'was-never-there' }),
  'lab.list': any(wholeHost, {}),
  // Too long, and a run that never was: what comes after authorisation does not run a lab for each caller.
  'lab.start': any(wholeHost, { lab: 'freeze', seconds: 60 }),
  'lab.watch': any(wholeHost, {}),
  'lab.stop': any(unknownRun, { run: 'ffff' }),
  'host.info': any(host, {}),
  'host.doctor': any(host, {}),
  'host.use': any(host, {}),
  'event.watch': any(inScope, {}),
  'ledger.meter': any(collecting, { paths: [] }),
  'journal.pull': any(collecting, { after: 0, limit: 1 }),
  'journal.acknowledge': any(collecting, { seq: 0 }),
  'journal.flush': any(host, {}),
};

const procedures = Object.entries(agentContract).flatMap(([noun, verbs]) =>
  Object.entries(verbs).map(([verb, contract]) => ({ path: `${noun}.${verb}`, contract: contract as ProcedureContract })),
);

describe('expectations', () => {
  it('stand for every procedure, and for no other', () => {
    expect(Object.keys(expectations).sort()).toEqual(procedures.map(({ path }) => path).sort());
  });
});

describeNeeds({ root: true, userNamespaces: true, cgroup: 'any' }, 'authorisation of the agent', () => {
  let instance: TestInstance;
  let agent: AgentProcess;

  beforeAll(async () => {
    instance = await startTestInstance();
    agent = new AgentProcess(instance);
    await agent.start();
    agent.openToAll();
    for (const tenantId of ['tenant-a', 'tenant-b']) await ensure(tenantId);
  });
  afterAll(async () => {
    await agent?.[Symbol.asyncDispose]();
    await detectCgroups().remove(cgroupRoot(instance.instance));
    await instance?.[Symbol.asyncDispose]();
  });

  /** A running container of the tenant, made anew where the call before has ended or removed it. */
  async function ensure(tenantId: string): Promise<string> {
    const name = `own-${tenantId}`;
    const list = await agent.must<{ id: string; name: string; status: string }[]>('query', 'container.list', {});
    const present = list.find((container) => container.name === name);
    if (present?.status === 'running') return present.id;
    if (present !== undefined) await agent.must('mutation', 'container.delete', { container: name, force: true });
    await agent.must('mutation', 'container.create', { name, tenantId, image: 'host', args: ['sleep', '600'] });
    const { container } = await agent.must<{ container: { id: string } }>('mutation', 'container.start', { container: name });
    namespaceOf.set(container.id, await networkNamespaceOf(container.id));
    return container.id;
  }

  /** Waits until the agent has seen it. */
  async function networkNamespaceOf(container: string): Promise<string> {
    const { namespaces } = await agent.must<ContainerDetail>('query', 'container.inspect', { container });
    const own = namespaces.find(({ type }) => type === 'network');
    const key = `${own?.dev}-${own?.ino}`;
    for (const deadline = Date.now() + 2000; Date.now() < deadline; await sleep(20)) {
      const { namespaces: seen } = await agent.must<NamespaceInventory>('query', 'namespace.list', {});
      if (seen.some((each) => each.key === key)) return key;
    }
    throw new Error(`the agent does not see ${key}`);
  }

  /** The answer to a call, of streams the failure or that there was none for a moment. */
  async function ask({ path, contract }: (typeof procedures)[number], input: unknown, as: As): Promise<Answer['error']> {
    if (contract.kind !== 'subscription') return (await agent.call(contract.kind, path, input, as)).error;
    const leaving = new AbortController();
    const timer = setTimeout(() => leaving.abort(), 150);
    try {
      for await (const _ of agent.stream(path, input, as, leaving.signal)) break;
      return undefined;
    } catch (failure) {
      return (failure as { cause?: Answer['error'] }).cause ?? Promise.reject(failure);
    } finally {
      clearTimeout(timer);
    }
  }

  const outcomeOf = (error: Answer['error']): Outcome =>
    (['unauthenticated', 'forbidden', 'not-found'] as const).find((problem) => problem === error?.data.problem) ?? 'passed';

  for (const procedure of procedures) {
    const expectation = expectations[procedure.path];
    if (expectation === undefined) continue;
    it(`${procedure.path} lets in whom it should`, async () => {
      for (const target of targets)
        for (const [name, as] of Object.entries(callers) as [CallerName, As][]) {
          const own = await ensure('tenant-a');
          const error = await ask(procedure, expectation.input(target === 'unknown' ? 'unknown' : own), as);
          expect(outcomeOf(error), `${name}, object ${target}: ${error?.message ?? 'no error'}`).toBe(expectation.of[target][name]);
          // Nothing breaks on the way to an answer.
          expect(error?.data.problem, `${name}, object ${target}`).not.toBe('internal');
        }
    });

    if (expectation.of['of A']['member of B'] !== 'not-found') continue;
    it(`${procedure.path} answers a foreign object as an unknown one, word for word`, async () => {
      const own = await ensure('tenant-a');
      const [foreign, unknown] =
        procedure.path === 'container.create'
          ? [['tenant-a'], 'tenant-unknown']
          : [[own, 'own-tenant-a', own.slice(0, 10)], 'ffffffffffffffff'];
      const answerFor = async (reference: string) => {
        const input =
          procedure.path === 'container.create'
            ? { name: 'same', tenantId: reference, image: 'host', args: ['true'] }
            : expectation.input(reference);
        const error = await ask(procedure, input, callers['member of B']);
        const { reference: _, ...data } = error?.data ?? { problem: 'none' };
        return JSON.stringify({ ...error, data })
          .replaceAll(reference, 'REFERENCE')
          .replaceAll(namespaceOf.get(reference) ?? '4-1', 'NAMESPACE');
      };
      const expected = await answerFor(unknown);
      expect(expected).toContain('"not-found"');
      for (const reference of foreign) expect(await answerFor(reference)).toBe(expected);
    });
  }

  it('shows members their own tenant alone, in lists, streams and samples', async () => {
    const [ofA, ofB] = [await ensure('tenant-a'), await ensure('tenant-b')];
    const member = callers['member of B'];
    const ids = (containers: unknown) => (containers as { id: string }[]).map(({ id }) => id);
    expect(ids(await agent.must('query', 'container.list', {}, member))).toEqual([ofB]);
    expect(ids(await agent.must('query', 'container.list', { tenantId: 'tenant-a' }, member))).toEqual([]);
    expect(ids(await agent.must('query', 'container.list', {}, callers['member of none']))).toEqual([]);
    expect(ids(await agent.must('query', 'container.list', {}, callers.administrator))).toEqual(expect.arrayContaining([ofA, ofB]));
    for await (const first of agent.stream('container.watch', {}, member)) {
      expect(ids((first as { containers: unknown }).containers)).toEqual([ofB]);
      break;
    }
    let rounds = 0;
    for await (const round of agent.stream('container.samples', undefined, member)) {
      const { samples } = round as { samples: { containerId: string }[] };
      expect(samples.every(({ containerId }) => containerId === ofB)).toBe(true);
      rounds += 1;
      if (samples.length === 1) break;
      expect(rounds).toBeLessThan(4);
    }
  });

  it('tells members events of their own tenant alone', async () => {
    const leaving = new AbortController();
    const seen: { tenantId?: string; kind: string }[] = [];
    const watching = (async () => {
      for await (const event of agent.stream('event.watch', undefined, callers['member of B'], leaving.signal))
        seen.push(event as (typeof seen)[number]);
    })();
    await new Promise((resolve) => setTimeout(resolve, 200));
    for (const tenantId of ['tenant-a', 'tenant-b']) {
      await agent.must('mutation', 'container.create', { name: `event-${tenantId}`, tenantId, image: 'host', args: ['true'] });
      await agent.must('mutation', 'container.delete', { container: `event-${tenantId}`, force: true });
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
    leaving.abort();
    await watching;
    expect(seen.map(({ kind }) => kind)).toContain('container.created');
    expect(new Set(seen.map(({ tenantId }) => tenantId))).toEqual(new Set(['tenant-b']));
  });

  it('does not tell a member whose container holds a name', async () => {
    await ensure('tenant-a');
    const input = { name: 'own-tenant-a', tenantId: 'tenant-b', image: 'host', args: ['true'] };
    const { error, text } = await agent.call('mutation', 'container.create', input, callers['member of B']);
    expect(error?.data.problem).toBe('conflict');
    expect(text).not.toMatch(/[0-9a-f]{16}/);
    expect(text).not.toContain('tenant-a is taken by');
  });

  it('takes a whole id for the container that has it, whatever others are called', async () => {
    const own = await ensure('tenant-a');
    await agent.must('mutation', 'container.create', { name: own, tenantId: 'tenant-b', image: 'host', args: ['true'] });
    const found = await agent.must<{ id: string }>('query', 'container.inspect', { container: own }, callers['member of A']);
    expect(found.id).toBe(own);
    const list = await agent.must<{ id: string; name: string }[]>('query', 'container.list', {});
    const impostor = list.find(({ name }) => name === own);
    await agent.must('mutation', 'container.delete', { container: impostor?.id, force: true });
    expect(await ensure('tenant-a')).toBe(own);
  });

  it('believes a statement over the user who brings it, and refuses a bad one from root too', async () => {
    const asRoot = await agent.call('query', 'host.info', {}, callers['member of A']);
    expect(asRoot.error?.data.problem).toBe('forbidden');
    const expired: As = { ...callers.administrator, facts: { issuedAtMsec: Date.now() - 50_000, expiresAtMsec: Date.now() - 1 } };
    expect((await agent.call('query', 'host.info', {}, expired)).error?.data.problem).toBe('unauthenticated');
    expect((await agent.call('query', 'host.info', {}, callers['local root'], 'rubbish')).error?.data.problem).toBe('unauthenticated');
  });

  it('takes a statement once, also after kill -9', async () => {
    const input = {};
    const used = Array.from({ length: 50 }, () => agent.statement('container.list', input, callers.administrator));
    for (const statement of used)
      expect((await agent.call('query', 'container.list', input, { kind: 'local-root' }, statement)).error).toBe(undefined);
    const refuses = async () => {
      for (const statement of used) {
        const { error } = await agent.call('query', 'container.list', input, { kind: 'local-root' }, statement);
        expect(error?.data.problem).toBe('unauthenticated');
      }
    };
    await refuses();
    await agent.end('SIGKILL');
    await agent.start();
    agent.openToAll();
    await refuses();
  });
});
