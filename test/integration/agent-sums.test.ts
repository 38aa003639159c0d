import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { detectCgroups } from '@bulkhead/cgroup';
import { type CgroupReading, type CgroupSums, cgroupRoot, type JournalEntry } from '@bulkhead/model';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { HandCgroup } from '../support/hand-cgroup.ts';
import { startTestInstance, type TestInstance } from '../support/launcher.ts';
import { describeNeeds } from '../support/needs.ts';
import { AgentProcess } from './agent-process.ts';

const isUnified = detectCgroups().setup === 'unified';
/** Microseconds of CPU that the kernel counted of a group, past all our code. */
const kernelUsec = (path: string): bigint =>
  isUnified
    ? BigInt(/^usage_usec (\d+)$/m.exec(readFileSync(`/sys/fs/cgroup${path}/cpu.stat`, 'utf8'))?.[1] ?? -1)
    : BigInt(readFileSync(`/sys/fs/cgroup/cpuacct${path}/cpuacct.usage`, 'utf8').trim()) / 1000n;

describeNeeds(
  { root: true, userNamespaces: true, cgroup: 'any', controllers: ['cpu', 'memory', 'pids'] },
  'sums and groups of others in the journal',
  () => {
    let instance: TestInstance;
    let agent: AgentProcess;

    beforeAll(async () => {
      instance = await startTestInstance();
      agent = new AgentProcess(instance);
      await agent.start();
    });
    afterAll(async () => {
      await agent?.[Symbol.asyncDispose]();
      await detectCgroups().remove(cgroupRoot(instance.instance));
      await instance?.[Symbol.asyncDispose]();
    });

    const flush = async (): Promise<JournalEntry['record'][]> => {
      await agent.must('mutation', 'journal.flush', {});
      const records: JournalEntry['record'][] = [];
      for (let after = 0; ; ) {
        const { entries } = await agent.must<{ entries: JournalEntry[] }>('query', 'journal.pull', { after, limit: 500 });
        if (entries.length === 0) return records;
        records.push(...entries.map(({ record }) => record));
        after = entries.at(-1)?.seq ?? after;
      }
    };

    it("the root, the groups below it, ours and those of tenants stand between two looks at the kernel's own files", async () => {
      const args = ['sh', '-c', 'i=0; while [ $i -lt 4000 ]; do i=$((i+1)); done; sleep 60'];
      await agent.must('mutation', 'container.create', { name: 'sums', tenantId: 'acme', image: 'host', args });
      await agent.must('mutation', 'container.start', { container: 'sums' });
      await sleep(300);
      const own = `/${cgroupRoot(instance.instance, detectCgroups().delegated)}`;
      const paths = ['', own, `${own}/acme`];
      const before = paths.map(kernelUsec);
      const records = await flush();
      const after = paths.map(kernelUsec);
      const { groups } = records.findLast((record): record is CgroupSums => record.kind === 'cgroup-sums') as CgroupSums;
      for (const [index, [role, path]] of (
        [
          ['root', '/'],
          ['instance', own],
          ['tenant', `${own}/acme`],
        ] as const
      ).entries()) {
        const usec = BigInt(groups.find((group) => group.role === role && group.path === path)?.meters['cpu-used'] ?? -1);
        expect(usec).toBeGreaterThanOrEqual(before[index] as bigint);
        expect(usec).toBeLessThanOrEqual(after[index] as bigint);
      }
      expect(groups.find(({ role }) => role === 'tenant')).toMatchObject({ tenantId: 'acme' });
      // Containers at the same moment: no more than their tenant's group, and little less.
      const reading = records.findLast((record) => record.kind === 'reading');
      expect(reading?.at).toBe(records.findLast((record) => record.kind === 'cgroup-sums')?.at);
      if (isUnified) expect(reading).toHaveProperty('reading.cpuStalledUsec');
      await agent.must('mutation', 'container.delete', { container: 'sums', force: true });
    });

    it('a group of others is told from when it is wanted to when it goes, and nobody but the collector may want one', async () => {
      const as = { kind: 'statement', role: 'collector', tenants: 'all' } as const;
      const group = new HandCgroup(`/sums${instance.instance}@x`);
      const told = (records: readonly JournalEntry['record'][]) =>
        records.filter((record): record is CgroupReading => record.kind === 'cgroup-reading' && record.path === group.path);
      try {
        expect(told(await flush())).toEqual([]);
        await agent.must('mutation', 'ledger.meter', { paths: [group.path, '/not-there'] }, as);
        const [first] = told(await flush());
        expect(BigInt(first?.reading.cpuUsageUsec ?? -1)).toBe(kernelUsec(group.path));
        expect(first).toMatchObject({ final: false, incarnation: { hostId: agent.hostId } });
      } finally {
        await group.remove();
      }
      const all = told(await flush());
      expect(all.at(-1)).toMatchObject({ final: true });
      expect((await agent.must<{ metered: string[] }>('mutation', 'ledger.meter', { paths: [] }, as)).metered).toEqual([]);
    });
  },
);
