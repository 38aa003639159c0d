import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { detectCgroups } from '@bulkhead/cgroup';
import { type Conservation, cgroupRoot, type JournalEntry } from '@bulkhead/model';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkSince, ingest } from '../../packages/db/src/index.ts';
import { type FreshDatabase, freshDatabase } from '../../packages/db/test/fresh-database.ts';
import { isEmulated, repetitions } from '../support/emulation.ts';
import { startTestInstance, type TestInstance } from '../support/launcher.ts';
import { describeNeeds } from '../support/needs.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { AgentProcess } from './agent-process.ts';

const loadSeconds = repetitions(60, 20);
/** Half a second of work and waiting, then gone. */
const short = ['sh', '-c', 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; sleep 0.4'];

describeNeeds(
  { root: true, userNamespaces: true, cgroup: 'any', controllers: ['cpu', 'memory', 'pids'] },
  'the ledger held against the kernel',
  () => {
    let instance: TestInstance;
    let agent: AgentProcess;
    let server: TestPostgres;
    let db: FreshDatabase;
    let seq = 0;
    let startedAt = '';
    const spent = { before: 0n, after: 0n };
    let shortLives = 0;

    const isUnified = detectCgroups().setup === 'unified';
    /** The kernel's own count of a tenant, past all our code, in microseconds. */
    const kernelCount = (tenantId: string): bigint => {
      const path = `${cgroupRoot(instance.instance)}/${tenantId}`;
      if (!isUnified) return BigInt(readFileSync(`/sys/fs/cgroup/cpuacct/${path}/cpuacct.usage`, 'utf8').trim()) / 1000n;
      return BigInt(/^usage_usec (\d+)$/m.exec(readFileSync(`/sys/fs/cgroup/${path}/cpu.stat`, 'utf8'))?.[1] ?? -1);
    };
    const run = async (tenantId: string, name: string, args: string[], more: object = {}): Promise<void> => {
      await agent.must('mutation', 'container.create', { name, tenantId, image: 'host', args, ...more });
      await agent.must('mutation', 'container.start', { container: name });
    };
    /** Journals a reading of everything at one moment, and stores all there is. */
    const bringIn = async (): Promise<void> => {
      await agent.must('mutation', 'journal.flush', {});
      for (;;) {
        const { entries } = await agent.must<{ entries: JournalEntry[] }>('query', 'journal.pull', { after: seq, limit: 500 });
        if (entries.length === 0) return;
        ({ seq } = await ingest(db.collector, { hostId: agent.hostId, after: seq, entries }));
      }
    };
    const checks = async (): Promise<Conservation[]> => checkSince(db.collector, agent.hostId, startedAt);
    const of = (all: readonly Conservation[], tenantId: string | undefined): Conservation =>
      all.find((check) => check.tenantId === tenantId) as Conservation;

    beforeAll(async () => {
      instance = await startTestInstance();
      server = await startPostgres();
      db = await freshDatabase(server);
      agent = new AgentProcess(instance);
      await agent.start();
      await run('mixed', 'steady', ['sh', '-c', 'while :; do i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done; sleep 0.1; done']);
      await run('other', 'slow', ['sh', '-c', 'while :; do i=0; while [ $i -lt 9000 ]; do i=$((i+1)); done; sleep 0.3; done']);
      await sleep(500);
      await bringIn();
      startedAt = new Date().toISOString();
      spent.before = kernelCount('mixed');
      const until = performance.now() + loadSeconds * 1000;
      for (; performance.now() < until; shortLives += 1) {
        await run('mixed', `short-${shortLives}`, short, { autoRemove: true });
        await sleep(500);
      }
      spent.after = kernelCount('mixed');
      await bringIn();
    });
    afterAll(async () => {
      await agent?.[Symbol.asyncDispose]();
      await db?.[Symbol.asyncDispose]();
      await server?.[Symbol.asyncDispose]();
      await detectCgroups().remove(cgroupRoot(instance.instance));
      await instance?.[Symbol.asyncDispose]();
    });

    it(`under ${loadSeconds} s of containers that live half a second, less than 0.1 % of a tenant's use is unexplained`, async () => {
      const mixed = of(await checks(), 'mixed');
      expect(shortLives).toBeGreaterThan(isEmulated ? 3 : 20);
      // A witness past our code: what was used between two readings of the kernel's file, some moments inside ours.
      expect(BigInt(mixed.counter)).toBeGreaterThanOrEqual(spent.after - spent.before);
      expect(Math.abs(Number(mixed.unexplained)) / Number(mixed.counter)).toBeLessThan(0.001);
      expect(mixed.holds).toBe(true);
    });

    it('tenants, groups of others, and the kernel with the root make up the whole host', async () => {
      const all = await checks();
      const host = of(all, undefined);
      const names = host.explained.map(({ name }) => name);
      expect(names).toEqual(expect.arrayContaining(['tenant mixed', 'tenant other', 'kernel and root']));
      expect(Math.abs(Number(host.unexplained)) / Number(host.counter)).toBeLessThan(0.001);
      expect(host.holds).toBe(true);
      const ledger = of(all, 'mixed').explained[0]?.quantity;
      expect(host.explained.find(({ name }) => name === 'tenant mixed')?.quantity).toBe(ledger);
    });

    it('one record that is deleted makes both checks fail', async () => {
      const { rowCount } = await db.owner.query(`
        DELETE FROM reading_minute m USING incarnation i
        WHERE m.cgroup_ino = i.cgroup_ino AND m.container_id = i.container_id AND m.final AND i.container_name = 'short-2'`);
      expect(rowCount).toBe(1);
      const all = await checks();
      expect(of(all, 'mixed').holds).toBe(false);
      expect(Number(of(all, 'mixed').unexplained)).toBeGreaterThan(10_000);
      expect(of(all, 'other').holds).toBe(true);
    });
  },
);
