import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type CgroupNode,
  type Container,
  cgroupRoot,
  endCauseOf,
  type HostEvent,
  type JournalEntry,
  type PostMortem,
} from '@bulkhead/model';
import { expect, it } from 'vitest';
import { boundMsec, repetitions } from '../support/emulation.ts';
import { cgroupMounts, HandCgroup } from '../support/hand-cgroup.ts';
import type { TestInstance } from '../support/launcher.ts';
import { describeNeeds } from '../support/needs.ts';
import { oomMessagesInFull } from '../support/oom-messages.ts';
import { withAgentForEach } from './agent-hooks.ts';
import type { AgentProcess, As } from './agent-process.ts';

const ada: As = { kind: 'statement', role: 'member', tenants: ['acme'] };
const eve: As = { kind: 'statement', role: 'member', tenants: ['other'] };
const mebibyte = 1024 ** 2;
const isUnified = cgroupMounts().every(({ type }) => type === 'cgroup2');

describeNeeds(
  { root: true, userNamespaces: true, cgroup: 'any', controllers: ['memory', 'pids'] },
  'what is known of a container that ended, and of what happened to it',
  () => {
    let instance: TestInstance;
    let agent: AgentProcess;

    withAgentForEach((made) => {
      ({ instance, agent } = made);
    });

    const run = async (name: string, args: string[], limits: object, as: As = ada): Promise<Container> => {
      const spec = { name, tenantId: 'acme', image: 'host', args, limits, transcript: false };
      return (await agent.must<{ container: Container }>('mutation', 'container.run', spec, as)).container;
    };
    const ended = (id: string) => agent.must('query', 'container.wait', { container: id, timeoutSeconds: 60 });
    const remove = (id: string) => agent.must('mutation', 'container.delete', { container: id, force: true });
    const cardOf = async (id: string, as: As = ada): Promise<PostMortem> => {
      for (const end = performance.now() + boundMsec(5000); performance.now() < end; await sleep(20)) {
        const found = await agent.must<{ postMortem?: PostMortem }>('query', 'container.postMortem', { container: id }, as);
        if (found.postMortem !== undefined) return found.postMortem;
      }
      throw new Error(`no card of ${id}`);
    };
    const journal = async (): Promise<JournalEntry['record'][]> => {
      const { entries } = await agent.must<{ entries: JournalEntry[] }>('query', 'journal.pull', { after: 0, limit: 5000 });
      return entries.map(({ record }) => record);
    };
    const events = async (isWanted: (event: HostEvent) => boolean): Promise<HostEvent[]> =>
      (await journal()).flatMap((record) => (record.kind === 'event' && isWanted(record.event) ? [record.event] : []));

    /** Events as somebody hears of them. */
    function listen(as: As): { heard: { event: HostEvent; atMsec: number }[]; stop(): Promise<void> } {
      const heard: { event: HostEvent; atMsec: number }[] = [];
      const leaving = new AbortController();
      const listening = (async () => {
        for await (const event of agent.stream('event.watch', {}, as, leaving.signal))
          heard.push({ event: event as HostEvent, atMsec: performance.now() });
      })().catch((failure: NodeJS.ErrnoException) => {
        // A test kills the agent under it.
        if (failure.code !== 'ECONNRESET') throw failure;
      });
      return {
        heard,
        async stop() {
          leaving.abort();
          await listening;
        },
      };
    }
    const until = async <T>(find: () => T | undefined, limitMsec = 5000): Promise<T | undefined> => {
      for (const end = performance.now() + boundMsec(limitMsec); performance.now() < end; await sleep(5)) {
        const found = find();
        if (found !== undefined) return found;
      }
      return undefined;
    };

    it('an OOM kill is heard of within a second by its tenant and nobody else, and the card tells why', async () => {
      if (existsSync('/dev/kmsg')) await oomMessagesInFull(1);
      const [mine, others] = [listen(ada), listen(eve)];
      await sleep(100);
      const { id } = await run('hog', ['tail', '/dev/zero'], { memoryMaxBytes: 32 * mebibyte, cpuMaxMillis: 500 });
      await ended(id);
      const endedMsec = performance.now();
      const told = await until(() => mine.heard.find(({ event }) => event.kind === 'container.oom-killed'));
      expect((told?.atMsec ?? Number.POSITIVE_INFINITY) - endedMsec).toBeLessThan(boundMsec(1000));
      expect(told?.event).toMatchObject({
        tenantId: 'acme',
        containerId: id,
        containerName: 'hog',
        cgroupPath: `/${cgroupRoot(instance.instance)}/acme/${id}`,
        detail: { kills: 1, ...(existsSync('/dev/kmsg') ? { process: 'tail' } : {}) },
      });
      const card = await cardOf(id);
      expect(card).toMatchObject({
        exitStatus: { kind: 'signaled', signal: 9 },
        isWhole: true,
        reading: { memoryOomKills: '1' },
        limits: { memoryMaxBytes: 32 * mebibyte, cpuMaxMillis: 500 },
        limitChanges: [{ subject: { kind: 'user', name: 'Ada' }, limits: { memoryMaxBytes: 32 * mebibyte, cpuMaxMillis: 500 } }],
      });
      expect(Number(card.reading?.cpuUsageUsec)).toBeGreaterThan(0);
      // Pressure is told by version 2 alone, and is absent on 1, not 0.
      expect('pressure' in card).toBe(isUnified && existsSync('/proc/pressure/cpu'));
      const container = await agent.must<Container>('query', 'container.inspect', { container: id });
      const cause = endCauseOf(container, card);
      expect(cause).toMatchObject({ kind: 'memory-limit', limitBytes: 32 * mebibyte });
      expect(cause.kind === 'memory-limit' && cause.peakBytes).toBeGreaterThan(31 * mebibyte);
      expect(card.startedAt !== undefined && card.finishedAt !== undefined && card.finishedAt >= card.startedAt).toBe(true);
      const { error } = await agent.call('query', 'container.postMortem', { container: id }, eve);
      expect(error?.data.problem).toBe('not-found');
      expect(others.heard.filter(({ event }) => event.containerId === id)).toEqual([]);
      await Promise.all([mine.stop(), others.stop()]);
      // Once, however it was found out: as it happened, and at the end.
      expect(await events((event) => event.containerId === id && event.kind === 'container.oom-killed')).toHaveLength(1);
      await remove(id);
    });

    it('an OOM kill of a process inside is told while the container goes on', async () => {
      const mine = listen(ada);
      await sleep(100);
      const { id } = await run('shell', ['sh', '-c', 'tail /dev/zero; sleep 600'], { memoryMaxBytes: 32 * mebibyte });
      const told = await until(() => mine.heard.find(({ event }) => event.kind === 'container.oom-killed'));
      expect(told?.event.containerId).toBe(id);
      expect((await agent.must<Container>('query', 'container.inspect', { container: id })).status).toBe('running');
      const tree = await agent.must<{ cgroups: CgroupNode[] }>('query', 'cgroup.tree', {});
      const nodes = new Map(tree.cgroups.map((node) => [node.path, node]));
      const path = `/${cgroupRoot(instance.instance)}/acme/${id}`;
      expect(nodes.get(path)?.oomKills).toBe(1);
      expect(nodes.get(`/${cgroupRoot(instance.instance)}/acme`)?.oomKills ?? 0).toBeGreaterThanOrEqual(1);
      await mine.stop();
      await remove(id);
    });

    it('a fork bomb is refused, told of as a few events, and counted on the card', async () => {
      const mine = listen(ada);
      await sleep(100);
      const bomb = 'i=0; while [ $i -lt 200 ]; do (sleep 2) 2>/dev/null & i=$((i+1)); done; exit 3';
      const { id } = await run('bomb', ['bash', '-c', bomb], { pidsMax: 12 });
      const told = await until(() => mine.heard.find(({ event }) => event.kind === 'cgroup.pids-refused'));
      expect(told?.event).toMatchObject({ containerId: id, tenantId: 'acme', detail: { limit: 12 } });
      await ended(id);
      const card = await cardOf(id);
      expect(card.pidsRefusals).toBeGreaterThan(0);
      const refused = await events((event) => event.containerId === id && event.kind === 'cgroup.pids-refused');
      expect(refused.length).toBeLessThan(10);
      await mine.stop();
      await remove(id);
    });

    it('of a throttled container the card tells for how long, and of one without a quota nothing', async () => {
      const spin = ['sh', '-c', `i=0; while [ $i -lt ${repetitions(400_000, 20_000)} ]; do i=$((i+1)); done`];
      const { id } = await run('tight', spin, { cpuMaxMillis: 100 });
      await ended(id);
      const { reading, reading: { cpuPeriods = '0', cpuThrottledPeriods = '0' } = {} } = await cardOf(id);
      expect(Number(reading?.cpuThrottledUsec)).toBeGreaterThan(0);
      expect(Number(cpuThrottledPeriods)).toBeLessThanOrEqual(Number(cpuPeriods));
      await remove(id);
    });

    it('who ended it stands on the card', async () => {
      const { id } = await run('stopped', ['sleep', '600'], {});
      await agent.must('mutation', 'container.stop', { container: id, timeoutSeconds: 0 }, ada);
      expect(await cardOf(id)).toMatchObject({ signalled: { subject: { name: 'Ada' }, signal: 15 } });
      await remove(id);
      const gone = (await journal()).flatMap((record) => (record.kind === 'post-mortem' && record.card.containerId === id ? [record] : []));
      expect(gone.length).toBeGreaterThan(0);
    });

    it('who changed a limit past the verbs of the container stands on the card as well', async () => {
      const { id } = await run('past', ['sleep', '600'], { pidsMax: 50 });
      const path = `/${cgroupRoot(instance.instance)}/acme/${id}`;
      const set = (changes: object[]) => agent.call('mutation', 'cgroup.set', { path, changes, confirmed: true, force: true });
      const { error } = await set([
        { key: 'pids.max', value: '60' },
        { key: 'memory.max', value: '64M' },
      ]);
      expect(error).toBeUndefined();
      // What the kernel refused nobody set.
      expect(
        (
          await set([
            { key: 'pids.max', value: '61' },
            { key: 'cpu.max', value: '10000 100000' },
            { key: 'cpu.max.burst', value: '90000' },
          ])
        ).error,
      ).toBeDefined();
      // The tenant hears of it: it is a limit of its container.
      const told = await events((event) => event.kind === 'cgroup.set' && event.containerId === id);
      expect(told[0]).toMatchObject({ tenantId: 'acme', containerName: 'past', subject: { kind: 'local-root' } });
      // The agent's death does not lose who it was.
      await agent.end('SIGKILL');
      await agent.start();
      await agent.must('mutation', 'container.stop', { container: id, timeoutSeconds: 0 }, ada);
      expect((await cardOf(id)).limitChanges).toMatchObject([
        { subject: { name: 'Ada' }, limits: { pidsMax: 50 } },
        { subject: { kind: 'local-root' }, limits: { pidsMax: 60, memoryMaxBytes: 64 * mebibyte } },
      ]);
      expect((await cardOf(id)).limits).toMatchObject({ pidsMax: 60, memoryMaxBytes: 64 * mebibyte });
      await remove(id);
    });

    it('one that removes itself at once leaves its card all the same, with who asked for it', async () => {
      const spec = { name: 'brief', tenantId: 'acme', image: 'host', args: ['sh', '-c', 'exit 7'], autoRemove: true, waitSeconds: 20 };
      const { container } = await agent.must<{ container: Container }>('mutation', 'container.run', { ...spec, transcript: false }, ada);
      const cards = (await journal()).flatMap((record) =>
        record.kind === 'post-mortem' && record.card.containerId === container.id ? [record.card] : [],
      );
      expect(cards.at(-1)).toMatchObject({ exitStatus: { kind: 'exited', code: 7 }, limitChanges: [{ subject: { name: 'Ada' } }] });
    });

    it('a kill while the agent is away is told when it is back, once, and the card is right', async () => {
      const { id, pid } = await run('later', ['sh', '-c', 'sleep 1; exec tail /dev/zero'], { memoryMaxBytes: 32 * mebibyte });
      await sleep(300);
      await agent.end('SIGKILL');
      await expect.poll(() => existsSync(`/proc/${pid}`), { timeout: boundMsec(10_000), interval: 50 }).toBe(false);
      await agent.start();
      const card = await cardOf(id);
      expect(card).toMatchObject({
        exitStatus: { kind: 'signaled', signal: 9 },
        reading: { memoryOomKills: '1' },
        limits: { memoryMaxBytes: 32 * mebibyte },
        limitChanges: [{ subject: { name: 'Ada' } }],
      });
      expect(await events((event) => event.containerId === id && event.kind === 'container.oom-killed')).toHaveLength(1);
      await remove(id);
    });

    it('kill -9 of the agent around the end loses no card and makes no second one', async () => {
      const rounds = repetitions(6, 1);
      for (let round = 0; round < rounds; round += 1) {
        const { id } = await run(`edge-${round}`, ['sh', '-c', 'sleep 0.3; exec tail /dev/zero'], { memoryMaxBytes: 16 * mebibyte });
        const mine = listen(ada);
        await until(() => mine.heard.find(({ event }) => event.containerId === id && event.kind === 'container.oom-killed'));
        // Between the kill and some milliseconds after the sealing.
        await sleep(round);
        await agent.end('SIGKILL');
        await mine.stop();
        await agent.start();
        const card = await cardOf(id);
        expect(card).toMatchObject({ exitStatus: { kind: 'signaled', signal: 9 }, reading: { memoryOomKills: '1' }, isWhole: true });
        const cards = (await journal()).filter((record) => record.kind === 'post-mortem' && record.card.containerId === id);
        expect(cards).toHaveLength(1);
        await remove(id);
      }
    });

    it('a hand-made group is told of to the host alone: its kill, and that it was frozen and thawed', async () => {
      const [all, member] = [listen({ kind: 'local-root' }), listen(ada)];
      await using group = new HandCgroup(`/test-${randomBytes(3).toString('hex')}`);
      writeFileSync(group.file('memory.limit_in_bytes', 'memory.max'), String(32 * mebibyte));
      // In view with its limit, and so listened to, which takes a second.
      const limit = async () => {
        const { cgroups } = await agent.must<{ cgroups: CgroupNode[] }>('query', 'cgroup.tree', {});
        return cgroups.find(({ path }) => path === group.path)?.limits.memoryMaxBytes;
      };
      await expect.poll(limit, { timeout: boundMsec(5000), interval: 100 }).toBe(32 * mebibyte);
      const { spawn } = await import('node:child_process');
      const hog = spawn('sh', ['-c', 'read go; exec tail /dev/zero'], { stdio: ['pipe', 'ignore', 'ignore'] });
      const over = new Promise((resolve) => hog.once('exit', resolve));
      group.join(hog.pid as number);
      hog.stdin.end('\n');
      await over;
      const killedMsec = performance.now();
      const ofGroup = (kind: HostEvent['kind']) =>
        until(() => all.heard.find(({ event }) => event.cgroupPath === group.path && event.kind === kind));
      const kill = await ofGroup('cgroup.oom-killed');
      expect(kill?.event.detail).toMatchObject({ kills: 1, limit: 32 * mebibyte });
      expect((kill?.atMsec ?? Number.POSITIVE_INFINITY) - killedMsec).toBeLessThan(boundMsec(1000));
      writeFileSync(group.file('freezer.state', 'cgroup.freeze'), isUnified ? '1' : 'FROZEN');
      expect(await ofGroup('cgroup.frozen')).toBeDefined();
      writeFileSync(group.file('freezer.state', 'cgroup.freeze'), isUnified ? '0' : 'THAWED');
      expect(await ofGroup('cgroup.thawed')).toBeDefined();
      expect(member.heard.filter(({ event }) => event.cgroupPath === group.path)).toEqual([]);
      await Promise.all([all.stop(), member.stop()]);
    });

    it('from the kill to who listens at the agent it takes a fraction of a second', async () => {
      const mine = listen(ada);
      await sleep(100);
      const took: number[] = [];
      for (let round = 0; round < repetitions(20, 5); round += 1) {
        const { id: each } = await run(`target-${round}`, ['tail', '/dev/zero'], { memoryMaxBytes: 16 * mebibyte });
        await ended(each);
        const endedMsec = performance.now();
        const told = await until(() => mine.heard.find(({ event }) => event.containerId === each && event.kind === 'container.oom-killed'));
        took.push((told?.atMsec ?? Number.POSITIVE_INFINITY) - endedMsec);
        await remove(each);
      }
      took.sort((left, right) => left - right);
      const [middle, high] = [took[Math.floor(took.length / 2)] ?? 0, took[Math.floor(took.length * 0.95)] ?? 0];
      console.info(`from hearing that it ended to the event at the agent's stream: p50 ${middle.toFixed(1)} ms, p95 ${high.toFixed(1)} ms`);
      expect(high).toBeLessThan(boundMsec(1000));
      await mine.stop();
    });
  },
  { retry: 1 },
);
