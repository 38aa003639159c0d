import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CgroupMinutes, JournalEntry } from '@bulkhead/model';
import { expect, it } from 'vitest';
import { HandCgroup } from '../support/hand-cgroup.ts';
import type { TestInstance } from '../support/launcher.ts';
import { describeNeeds } from '../support/needs.ts';
import { withAgentForEach } from './agent-hooks.ts';
import type { AgentProcess } from './agent-process.ts';

describeNeeds({ root: true, userNamespaces: true, cgroup: 'any', controllers: ['memory', 'pids'] }, 'cgroups of the whole host', () => {
  let instance: TestInstance;
  let agent: AgentProcess;

  withAgentForEach((made) => {
    ({ instance, agent } = made);
  });

  it('stand in the journal with the mean of each minute', async () => {
    const path = `/test-${instance.instance}`;
    await using made = new HandCgroup(path);
    // What it allocates before it is moved here stays with the group it came from.
    const child = spawn('sh', ['-c', 'sleep 0.5; x=$(head -c 8000000 /dev/zero | tr "\\0" x); while :; do :; done'], { stdio: 'ignore' });
    made.join(child.pid as number);
    await sleep(8000);
    child.kill('SIGKILL');
    const minute = Math.floor(Date.now() / 60_000);
    while (Date.now() < (minute + 1) * 60_000 + 2500) await sleep(100);
    const { entries } = await agent.must<{ entries: JournalEntry[] }>('query', 'journal.pull', { after: 0, limit: 5000 });
    const records = entries.map(({ record }) => record).filter((record): record is CgroupMinutes => record.kind === 'cgroup-minutes');
    const found = records.filter(({ paths }) => paths.includes(path));
    expect(found.length).toBeGreaterThan(0);
    expect(new Set(found.map(({ at }) => at)).size).toBe(found.length);
    const record = found.at(0) as CgroupMinutes;
    const index = record.paths.indexOf(path);
    expect(record.cpuMillisMost?.[index]).toBeGreaterThan(300);
    expect(record.cpuMillisMost?.[index]).toBeGreaterThanOrEqual(record.cpuMillis?.[index] ?? Number.POSITIVE_INFINITY);
    expect(record.memoryBytesMost?.[index]).toBeGreaterThan(8_000_000);
    // Nobody set a quota: no share of it was measured.
    expect(record.throttled?.[index] ?? null).toBe(null);
  }, 90_000);
});
