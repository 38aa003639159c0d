import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { detectCgroups } from '@bulkhead/cgroup';
import { cgroupRoot, type JournalEntry, type ReadingRecord } from '@bulkhead/model';
import { expect, it } from 'vitest';
import { boundMsec, repetitions } from '../support/emulation.ts';
import type { TestInstance } from '../support/launcher.ts';
import { describeNeeds } from '../support/needs.ts';
import { withAgentForEach } from './agent-hooks.ts';
import type { AgentProcess } from './agent-process.ts';

/** Some 20 ms of CPU, then gone. */
const short = ['sh', '-c', 'i=0; while [ $i -lt 4000 ]; do i=$((i+1)); done'];

describeNeeds({ root: true, userNamespaces: true, cgroup: 'any', controllers: ['cpu', 'memory', 'pids'] }, 'use of containers', () => {
  let instance: TestInstance;
  let agent: AgentProcess;

  withAgentForEach((made) => {
    ({ instance, agent } = made);
  });

  const isUnified = detectCgroups().setup === 'unified';

  /** The kernel's own count of a tenant, past all our code: nanoseconds of cpuacct, microseconds of the unified tree. */
  const kernelCount = (tenantId: string): bigint => {
    const path = `${cgroupRoot(instance.instance)}/${tenantId}`;
    if (!isUnified) return BigInt(readFileSync(`/sys/fs/cgroup/cpuacct/${path}/cpuacct.usage`, 'utf8').trim());
    return BigInt(/^usage_usec (\d+)$/m.exec(readFileSync(`/sys/fs/cgroup/${path}/cpu.stat`, 'utf8'))?.[1] ?? -1);
  };

  const create = async (tenantId: string, name: string, args: string[], more: object = {}): Promise<string> => {
    const made = await agent.must<{ container: { id: string } }>('mutation', 'container.create', {
      name,
      tenantId,
      image: 'host',
      args,
      ...more,
    });
    await agent.must('mutation', 'container.start', { container: name });
    return made.container.id;
  };
  const ended = async (container: string): Promise<void> => {
    for (let tries = 0; tries < 50; tries += 1) {
      const { exitStatus } = await agent.must<{ exitStatus?: object }>('query', 'container.wait', { container, timeoutSeconds: 2 });
      if (exitStatus !== undefined) return;
    }
    throw new Error(`${container} did not end`);
  };
  const remove = (container: string) => agent.must('mutation', 'container.delete', { container, force: true });

  const journal = async (): Promise<JournalEntry[]> => {
    const entries: JournalEntry[] = [];
    for (let after = 0; ; ) {
      const page = await agent.must<{ entries: JournalEntry[] }>('query', 'journal.pull', { after, limit: 500 });
      entries.push(...page.entries);
      after = page.entries.at(-1)?.seq ?? after;
      if (page.entries.length === 0) return entries;
    }
  };
  const readings = async (tenantId: string): Promise<ReadingRecord[]> =>
    (await journal())
      .map(({ record }) => record)
      .filter((record) => record.kind === 'reading' && record.tenantId === tenantId) as ReadingRecord[];
  /** Sum over incarnations of the highest counter that the journal has, in the kernel's unit. */
  const journalCount = async (tenantId: string): Promise<{ total: bigint; incarnations: number }> => {
    const highest = new Map<string, bigint>();
    for (const { incarnation, containerId, reading } of await readings(tenantId)) {
      const key = `${incarnation.cgroupIno} ${containerId}`;
      const value = BigInt((isUnified ? reading.cpuUsageUsec : reading.cpuUsageNsec) ?? -1);
      if (value > (highest.get(key) ?? -1n)) highest.set(key, value);
    }
    return { total: highest.values().reduce((sum, value) => sum + value, 0n), incarnations: highest.size };
  };
  const expectAllCounted = async (tenantId: string): Promise<void> => {
    const { total, incarnations } = await journalCount(tenantId);
    const missing = kernelCount(tenantId) - total;
    // Microseconds are cut off in each group apart: less than one of each is missing. Of nanoseconds none.
    expect(missing).toBeGreaterThanOrEqual(0n);
    expect(missing).toBeLessThan(isUnified ? BigInt(incarnations) : 1n);
  };

  const shortLives = repetitions(12, 4);
  const unit = isUnified ? 'microsecond' : 'nanosecond';
  it(`is what the kernel counted for the tenant, to the ${unit}, ${shortLives} containers of 20 ms among it`, async () => {
    const names = Array.from({ length: shortLives }, (_, index) => `short-${index}`);
    for (const name of names) await create('exact', name, short);
    await create('exact', 'long', ['sh', '-c', `i=0; while [ $i -lt ${repetitions(300_000, 60_000)} ]; do i=$((i+1)); done`]);
    for (const name of [...names, 'long']) await ended(name);
    for (const name of [...names, 'long']) await remove(name);
    const finals = (await readings('exact')).filter(({ final }) => final);
    expect(new Set(finals.map(({ containerId }) => containerId)).size).toBe(shortLives + 1);
    await expectAllCounted('exact');
  });

  it('is complete where containers remove themselves, are killed, or never start', async () => {
    await create('complete', 'self', short, { autoRemove: true });
    await create('complete', 'killed', ['sh', '-c', 'while :; do :; done']);
    await agent.must('mutation', 'container.create', { name: 'created', tenantId: 'complete', image: 'host', args: short });
    await sleep(150);
    await remove('killed');
    await remove('created');
    for (let tries = 0; (await agent.must<object[]>('query', 'container.list', { tenantId: 'complete' })).length > 0; tries += 1) {
      expect(tries).toBeLessThan(100);
      await sleep(50);
    }
    await expectAllCounted('complete');
  });

  it('loses nothing to kill -9 of the agent, whatever ends meanwhile', async () => {
    const burn = await create('killed', 'burn', ['sh', '-c', 'while :; do :; done'], {
      limits: { cpuMaxMillis: 300, memoryMaxBytes: 67_108_864 },
    });
    await create('killed', 'ends-meanwhile', ['sh', '-c', 'sleep 1.5; i=0; while [ $i -lt 4000 ]; do i=$((i+1)); done']);
    await sleep(1200);
    await agent.end('SIGKILL');
    await sleep(1500);
    await agent.start();
    await ended('ends-meanwhile');
    await remove('ends-meanwhile');
    await sleep(1100);

    await agent.must('mutation', 'journal.flush', {});
    const running = (await readings('killed')).filter(({ containerId }) => containerId === burn).at(-1);
    expect(Number(running?.reading.cpuUsageUsec)).toBeGreaterThan(300_000);
    const { measuredMsec, unmeasuredMsec, cpuLimitMilliSeconds, memoryLimitByteSeconds } = running?.accumulators ?? {};
    // Away for 1.5 s and a start; what was held before is not lost, what was missed is said.
    expect(Number(unmeasuredMsec)).toBeGreaterThan(1400);
    expect(Number(unmeasuredMsec)).toBeLessThan(boundMsec(6000));
    expect(Number(measuredMsec)).toBeGreaterThan(1000);
    const livedMsec = Number(measuredMsec) + Number(unmeasuredMsec);
    expect(Math.abs(Number(cpuLimitMilliSeconds) - (300 * livedMsec) / 1000)).toBeLessThan(300);
    expect(Number(BigInt(memoryLimitByteSeconds ?? 0) / 67_108_864n)).toBe(Math.floor(livedMsec / 1000));

    await remove('burn');
    await expectAllCounted('killed');
    const moments = (await readings('killed')).map(({ incarnation, boottimeMsec }) => `${incarnation.cgroupIno} ${boottimeMsec}`);
    expect(new Set(moments).size).toBe(moments.length);
  });

  it('tells of an end that nobody saw, and of containers that went', async () => {
    const id = await create('told', 'unseen', ['sh', '-c', 'sleep 0.5; exit 7']);
    await agent.end('SIGKILL');
    await sleep(800);
    await agent.start();
    const events = (await journal()).flatMap(({ record }) =>
      // Not of its cgroup: the kernel tells of pressure on a busy machine.
      record.kind === 'event' && record.event.containerId === id && record.event.kind.startsWith('container.') ? [record.event] : [],
    );
    expect(events.map(({ kind }) => kind)).toEqual(['container.created', 'container.started', 'container.exited']);
    expect(events.at(-1)?.detail).toEqual({ code: 7 });
    const containers = (await journal()).flatMap(({ record }) =>
      record.kind === 'container' && record.container.id === id ? [record] : [],
    );
    expect(containers.at(-1)).toMatchObject({ deleted: false, container: { status: 'stopped' } });
    await remove('unseen');
    const last = (await journal()).findLast(({ record }) => record.kind === 'container' && record.container.id === id);
    expect(last?.record).toMatchObject({ deleted: true });
  });

  it('is sampled once a second, for the last 15 minutes and live', async () => {
    const id = await create('live', 'sampled', ['sh', '-c', 'while :; do :; done'], { limits: { cpuMaxMillis: 200 } });
    const rounds: { at: string; samples: { containerId: string; reading: { cpuUsageUsec?: string } }[] }[] = [];
    for await (const round of agent.stream('container.samples', undefined)) {
      const { samples } = round as (typeof rounds)[number];
      // Whoever connects just before a second may be told of it before the container is first read.
      if (rounds.length > 0 || samples.some(({ containerId }) => containerId === id)) rounds.push(round as (typeof rounds)[number]);
      if (rounds.length === 4) break;
    }
    const apart = rounds.slice(1).map(({ at }, index) => Date.parse(at) - Date.parse(rounds[index]?.at ?? ''));
    for (const msec of apart) expect(Math.abs(msec - 1000)).toBeLessThan(boundMsec(200));
    const counters = rounds.map(({ samples }) => Number(samples.find(({ containerId }) => containerId === id)?.reading.cpuUsageUsec));
    expect(counters.at(-1)).toBeGreaterThan(counters[0] as number);
    const recent = await agent.must<{ reading: { cpuUsageUsec: string } }[]>('query', 'container.recent', { container: id });
    expect(recent.length).toBeGreaterThanOrEqual(4);
    expect(recent.map(({ reading }) => Number(reading.cpuUsageUsec))).toEqual(expect.arrayContaining(counters.slice(0, 3)));
    await remove('sampled');
  });
});
