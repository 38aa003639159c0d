import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { detectCgroups } from '@bulkhead/cgroup';
import { cgroupRoot, type JournalEntry, type UsageRow } from '@bulkhead/model';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { disown, groupsToMeter, ingest, listOwned, own, ownershipsOf, rollUpUsage, usageRowsOf } from '../../packages/db/src/index.ts';
import { type FreshDatabase, freshDatabase } from '../../packages/db/test/fresh-database.ts';
import { makeContainer, makeReading, toEntries } from '../../packages/db/test/journal.ts';
import { HandCgroup } from '../support/hand-cgroup.ts';
import { startTestInstance, type TestInstance } from '../support/launcher.ts';
import { describeNeeds } from '../support/needs.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { AgentProcess } from './agent-process.ts';

const collector = { kind: 'statement', role: 'collector', tenants: 'all' } as const;

describeNeeds(
  { root: true, userNamespaces: true, cgroup: 'any', controllers: ['cpu', 'memory', 'pids'] },
  'what tenants own beside their containers',
  () => {
    let instance: TestInstance;
    let agent: AgentProcess;
    let server: TestPostgres;
    let db: FreshDatabase;
    let seq = 0;

    beforeAll(async () => {
      instance = await startTestInstance();
      server = await startPostgres();
      db = await freshDatabase(server);
      agent = new AgentProcess(instance);
      await agent.start();
    });
    afterAll(async () => {
      await agent?.[Symbol.asyncDispose]();
      await db?.[Symbol.asyncDispose]();
      await server?.[Symbol.asyncDispose]();
      await detectCgroups().remove(cgroupRoot(instance.instance));
      await instance?.[Symbol.asyncDispose]();
    });

    /** Journals a reading of everything at one moment, and stores all there is. */
    const bringIn = async (): Promise<void> => {
      await agent.must('mutation', 'journal.flush', {});
      for (;;) {
        const { entries } = await agent.must<{ entries: JournalEntry[] }>('query', 'journal.pull', { after: seq, limit: 500 });
        if (entries.length === 0) return;
        ({ seq } = await ingest(db.collector, { hostId: agent.hostId, after: seq, entries }));
      }
    };
    const period = () => ({ start: new Date(Date.now() - 7_200_000).toISOString(), end: new Date(Date.now() + 3_600_000).toISOString() });
    const cpuOf = (rows: readonly UsageRow[]): bigint =>
      rows.filter(({ meter }) => meter === 'cpu-used').reduce((sum, { quantity }) => sum + BigInt(quantity), 0n);
    const tellAgent = async () => {
      const paths = await groupsToMeter(db.collector, agent.hostId);
      return await agent.must<{ metered: string[] }>('mutation', 'ledger.meter', { paths }, collector);
    };

    it("a group made by hand, with any name, is charged from when it was taken up, and its past is nobody's", async () => {
      await using group = new HandCgroup(`/led${instance.instance}-a@b:c`);
      const usec = (): bigint =>
        detectCgroups().setup === 'unified'
          ? BigInt(/^usage_usec (\d+)$/m.exec(group.read('cpu.stat'))?.[1] ?? -1)
          : BigInt(group.read('cpuacct.usage').trim()) / 1000n;
      const children: ChildProcess[] = [];
      const burn = async (msec: number): Promise<void> => {
        const child = spawn('sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' });
        children.push(child);
        group.join(child.pid as number);
        await sleep(msec);
        child.kill('SIGKILL');
        await new Promise((resolve) => child.once('exit', resolve));
      };
      try {
        await burn(400);
        const resource = { hostId: agent.hostId, kind: 'cgroup' as const, id: group.path, name: group.path };
        await own(db.web, { tenantId: 'acme', resource, from: new Date(Date.now() - 3_600_000).toISOString(), by: 'a test' });
        await tellAgent();
        await agent.must('mutation', 'journal.flush', {});
        const before = usec();
        expect(before).toBeGreaterThan(100_000n);
        await burn(600);
        const after = usec();
        await bringIn();
        const query = { tenantId: 'acme', ...period() };
        const rows = await usageRowsOf(db.web, ['acme'], query);
        // To the microsecond what the kernel's own file tells: nothing ran in it but the burning.
        expect(cpuOf(rows)).toBe(after - before);
        const cpu = rows.filter(({ meter }) => meter === 'cpu-used');
        expect(cpu.every(({ resource: { kind, id } }) => kind === 'cgroup' && id === group.path)).toBe(true);
        expect(cpu.some(({ flags }) => flags.includes('baseline'))).toBe(true);
        expect(rows.map(({ meter }) => meter)).toEqual(expect.arrayContaining(['memory-used']));

        // Nobody's from now on: what is used then is not acme's.
        await agent.must('mutation', 'journal.flush', {});
        await disown(db.web, { tenantId: 'acme', resource, by: 'a test' });
        const disowned = usec();
        await burn(300);
        await bringIn();
        // Between two readings use is spread evenly over time: some milliseconds before the end are acme's.
        const owned = cpuOf(await usageRowsOf(db.web, ['acme'], query));
        expect(owned).toBeGreaterThanOrEqual(after - before);
        expect(owned - (after - before)).toBeLessThan((usec() - disowned) / 2n);
        expect((await tellAgent()).metered).toEqual([]);
        expect(await listOwned(db.web, ['acme'], 'acme')).toMatchObject([{ createdBy: 'a test', endedBy: 'a test' }]);
      } finally {
        for (const child of children) child.kill('SIGKILL');
      }
    });

    it('a group that is owned is metered through the death of the agent, and where nobody can tell it again', async () => {
      await using group = new HandCgroup(`/led${instance.instance}-kept`);
      const resource = { hostId: agent.hostId, kind: 'cgroup' as const, id: group.path, name: 'kept' };
      await own(db.web, { tenantId: 'acme', resource, by: 'a test' });
      await tellAgent();
      await agent.end('SIGKILL');
      await agent.start();
      await sleep(1200);
      await agent.must('mutation', 'journal.flush', {});
      const { entries } = await agent.must<{ entries: JournalEntry[] }>('query', 'journal.pull', { after: seq, limit: 500 });
      expect(entries.some(({ record }) => record.kind === 'cgroup-reading' && record.path === group.path)).toBe(true);
      await disown(db.web, { tenantId: 'acme', resource, by: 'a test', to: new Date(Date.now() + 1000).toISOString() });
    });

    it('two groups of which one lies below the other are not given, nor one twice', async () => {
      const hostId = randomUUID();
      const of = (id: string) => ({ hostId, kind: 'cgroup' as const, id, name: id });
      await own(db.web, { tenantId: 'acme', resource: of('/a/b'), by: 'x' });
      await expect(own(db.web, { tenantId: 'beta', resource: of('/a/b/c'), by: 'x' })).rejects.toThrow(/lie one below the other/);
      await expect(own(db.web, { tenantId: 'beta', resource: of('/a'), by: 'x' })).rejects.toThrow(/lie one below the other/);
      await expect(own(db.web, { tenantId: 'acme', resource: of('/a/b'), by: 'x' })).rejects.toThrow(/owned by acme already/);
      await own(db.web, { tenantId: 'beta', resource: of('/a/bc'), by: 'x' });
      await expect(disown(db.web, { tenantId: 'beta', resource: of('/a/b'), by: 'x' })).rejects.toThrow(/not owned by beta/);
    });

    it('a container that changes hands is charged to each for its time, made up or not', async () => {
      const [hostId, bootId] = [randomUUID(), randomUUID()];
      const nowMsec = Math.floor(Date.now() / 3_600_000) * 3_600_000 - 3 * 3_600_000;
      const at = (minute: number): string => new Date(nowMsec + minute * 60_000).toISOString();
      const readings = Array.from({ length: 120 }, (_, index) =>
        makeReading({ hostId, bootId, minute: index + 1, cpuUsec: (index + 1) * 1000, beginMsec: nowMsec, tenantId: 'first' }),
      );
      const container = { ...makeContainer({ tenantId: 'first' }), createdAt: at(0) };
      await ingest(db.collector, {
        hostId,
        after: 0,
        entries: toEntries([{ kind: 'container', container, deleted: false }, ...readings]),
      });
      while (!(await rollUpUsage(db.collector, hostId, new Date())).finished);
      const resource = { hostId, kind: 'container' as const, id: container.id, name: container.name };
      await own(db.web, { tenantId: 'second', resource, from: at(30), by: 'x' });
      const query = (tenantId: string) => ({ tenantId, start: at(0), end: at(180) });
      const check = async () => {
        expect(cpuOf(await usageRowsOf(db.web, ['first'], query('first')))).toBe(30_000n);
        expect(cpuOf(await usageRowsOf(db.web, ['second'], query('second')))).toBe(90_000n);
      };
      await check();
      while (!(await rollUpUsage(db.collector, hostId, new Date())).finished);
      await check();
      expect(await ownershipsOf(db.web, ['second'], query('second'))).toMatchObject([
        { tenantId: 'first', from: at(0), to: at(30) },
        { tenantId: 'second', from: at(30) },
      ]);
    });
  },
);
