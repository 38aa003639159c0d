import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LabChange } from '@bulkhead/api';
import { detectCgroups } from '@bulkhead/cgroup';
import { createContainerRuntime, noFailPoint } from '@bulkhead/container';
import {
  cgroupRoot,
  type HostEvent,
  type JournalEntry,
  type Lab,
  type LabCheck,
  LabKind,
  type LabPoint,
  type LabRun,
  type LabStep,
} from '@bulkhead/model';
import { readBootId } from '@bulkhead/namespace';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startAgent } from '../../apps/agent/src/agent.ts';
import { boundMsec, isEmulated } from '../support/emulation.ts';
import { cgroupMounts } from '../support/hand-cgroup.ts';
import { startTestInstance, type TestInstance } from '../support/launcher.ts';
import { describeNeeds } from '../support/needs.ts';
import { AgentProcess } from './agent-process.ts';

/** A machine that does other things at the moment of a measurement gets another try; what is expected stays the same. */
const retry = 3;
/** From the last word of a run: stopping is a signal and some rmdirs. */
const stopMsec = 3000;

const run = (program: string, ...args: string[]): string => execFileSync(program, args, { encoding: 'utf8' });
const linesOf = (text: string): string[] => text.split('\n').filter(Boolean);

/** What other programs find of labs of an instance: cgroups, processes, mounts, and what the runtime keeps. */
function findLeft({ instance, paths }: TestInstance): string[] {
  const group = `${cgroupRoot(instance)}/lab`;
  return [
    ...cgroupMounts().flatMap(({ point }) => linesOf(run('find', point, '-type', 'd', '-path', `*/${group}*`))),
    ...linesOf(run('ps', '-e', '-o', 'pid=,cgroup:4096=,args=')).filter((line) => line.includes(`/${group}/`)),
    ...linesOf(run('mount')).filter((line) => /\blab-[a-z]+-[0-9a-f]{4}\b/.test(line)),
    ...readdirSync(paths.containers),
    ...readdirSync(paths.containerLogs),
  ];
}

const stepsOf = <T extends LabStep['type']>({ steps }: Pick<LabRun, 'steps'>, type: T) =>
  steps.filter((step): step is Extract<LabStep, { type: T }> => step.type === type);

const checkOf = ({ checks }: LabRun, key: LabCheck['key']): LabCheck => {
  const check = checks.find((each) => each.key === key);
  if (check === undefined) throw new Error(`${key} was not judged`);
  return check;
};

/** Starts labs of one agent and follows them. */
class LabClient {
  readonly #agent: AgentProcess;
  constructor(agent: AgentProcess) {
    this.#agent = agent;
  }

  list(): Promise<Lab[]> {
    return this.#agent.must('query', 'lab.list', {});
  }

  start(lab: LabKind, seconds?: number): Promise<LabRun> {
    return this.#agent.must('mutation', 'lab.start', { lab, ...(seconds === undefined ? {} : { seconds }) });
  }

  stop(id: string): Promise<LabRun> {
    return this.#agent.must('mutation', 'lab.stop', { run: id });
  }

  /** Follows a run to its end. */
  async follow(id: string): Promise<{ run: LabRun; changes: LabChange[] }> {
    const changes: LabChange[] = [];
    for await (const change of this.#agent.stream('lab.watch', { run: id })) changes.push(change as LabChange);
    const last = changes.at(-1);
    const ended = last?.type === 'run' ? last.run : last?.type === 'snapshot' ? last.runs[0] : undefined;
    if (ended?.state !== 'ended') throw new Error(`the stream ended with ${JSON.stringify(last)}`);
    return { run: ended, changes };
  }

  async conduct(lab: LabKind, seconds?: number): Promise<{ run: LabRun; changes: LabChange[] }> {
    return this.follow((await this.start(lab, seconds)).id);
  }

  /** Waits until the run has come to a phase. */
  async until(id: string, phase: string): Promise<LabRun> {
    for await (const item of this.#agent.stream('lab.watch', { run: id })) {
      const change = item as LabChange;
      const steps = change.type === 'step' ? [change.step] : change.type === 'snapshot' ? (change.runs[0]?.steps ?? []) : [];
      if (steps.some((step) => step.type === 'phase' && step.phase === phase)) break;
      if (change.type === 'run' && change.run.state === 'ended') throw new Error(`it ended: ${JSON.stringify(change.run)}`);
    }
    for await (const item of this.#agent.stream('lab.watch', { run: id })) {
      const change = item as LabChange;
      if (change.type === 'snapshot' && change.runs[0] !== undefined) return change.runs[0];
    }
    throw new Error(`no run ${id}`);
  }

  async events(): Promise<HostEvent[]> {
    const { entries } = await this.#agent.must<{ entries: JournalEntry[] }>('query', 'journal.pull', { after: 0, limit: 5000 });
    return entries.flatMap(({ record }) => (record.kind === 'event' ? [record.event] : []));
  }
}

/** Where the counters of a container's group are, past all our code. */
function cpuUsecOf(cgroupPath: string): number {
  for (const { point } of cgroupMounts()) {
    const legacy = `${point}${cgroupPath}/cpuacct.usage`;
    if (existsSync(legacy)) return Number(readFileSync(legacy, 'utf8')) / 1000;
    const unified = `${point}${cgroupPath}/cpu.stat`;
    const usage = existsSync(unified) ? /^usage_usec (\d+)$/m.exec(readFileSync(unified, 'utf8'))?.[1] : undefined;
    if (usage !== undefined) return Number(usage);
  }
  throw new Error(`nothing counts ${cgroupPath}`);
}

describeNeeds(
  { root: true, userNamespaces: true, cgroup: 'any', controllers: ['cpu', 'cpuset', 'memory', 'pids'], programs: ['find', 'ps', 'mount'] },
  'labs',
  () => {
    let instance: TestInstance;
    let agent: AgentProcess;
    let labs: LabClient;

    beforeAll(async () => {
      instance = await startTestInstance();
      agent = new AgentProcess(instance);
      await agent.start();
      labs = new LabClient(agent);
    });
    afterAll(async () => {
      await agent?.[Symbol.asyncDispose]();
      await detectCgroups().remove(cgroupRoot(instance.instance));
      await instance?.[Symbol.asyncDispose]();
    });

    /** Fails with what was measured, so that a machine that was too busy can be told from a lab that is wrong. */
    const expectPassed = ({ outcome, checks, problem }: LabRun) =>
      expect({ outcome, checks: checks.filter(({ passed }) => !passed), problem }).toEqual({
        outcome: 'passed',
        checks: [],
        problem: undefined,
      });
    const expectNothingLeft = () => expect(findLeft(instance)).toEqual([]);

    it('shares: 200 against 800 of one CPU is 20 to 80 within 2 points, by our count and by hand', { retry }, async () => {
      const { id } = await labs.start('shares', isEmulated ? 20 : 10);
      const begun = await labs.until(id, 'together');
      const [less = '', more = ''] = stepsOf(begun, 'created').map(({ cgroupPath }) => cgroupPath);
      const before = [cpuUsecOf(less), cpuUsecOf(more)] as const;
      // Every write is in force as it was told.
      for (const { file, value } of stepsOf(begun, 'write')) expect(run('cat', file).trim()).toBe(value);
      await sleep(5000);
      const [little, much] = [cpuUsecOf(less) - before[0], cpuUsecOf(more) - before[1]];
      const { run: ended } = await labs.follow(id);
      expectPassed(ended);
      expect(checkOf(ended, 'less-share')).toMatchObject({ expected: 20, tolerance: 2 });
      expect(Math.abs((checkOf(ended, 'less-share').measured ?? 0) - 20)).toBeLessThanOrEqual(2);
      expect(Math.abs((little * 100) / (little + much) - 20)).toBeLessThanOrEqual(2);
      // No CPU was taken offline: both were pinned to one.
      const pins = stepsOf(ended, 'write').filter(({ setting }) => setting === 'cpuset.cpus');
      expect(pins.map(({ value }) => value)).toEqual([pins[0]?.value, pins[0]?.value]);
      expect(pins[0]?.value).toMatch(/^\d+$/);
      expectNothingLeft();
    });

    it('quota: a busy loop has half a CPU, then a fifth, and is throttled', { retry }, async () => {
      const { run: ended } = await labs.conduct('quota', isEmulated ? 10 : 5);
      expectPassed(ended);
      expect(ended.points.some(({ values }) => values.quota === 500)).toBe(true);
      expect(ended.points.some(({ values }) => values.quota === 200)).toBe(true);
      expectNothingLeft();
    });

    it('memory: a program that takes more than 32 MiB is ended by the OOM killer, and never has more', async () => {
      const { run: ended } = await labs.conduct('memory', 55);
      expectPassed(ended);
      expect(checkOf(ended, 'memory-peak').measured).toBeLessThanOrEqual(32 * 1024 ** 2);
      expect(stepsOf(ended, 'exited')).toMatchObject([{ exitStatus: { kind: 'signaled', signal: 9 }, oomKilled: true }]);
      // It grew, and did not begin there.
      expect(Number(ended.points[0]?.values.used)).toBeLessThan(24 * 1024 ** 2);
      expectNothingLeft();
    });

    it('pids: a fork bomb gets no further than 20 tasks, and a program beside it still starts', async () => {
      const { id } = await labs.start('pids', isEmulated ? 20 : 4);
      const { run: ended } = await labs.follow(id);
      expectPassed(ended);
      expect(checkOf(ended, 'refused-forks').measured).toBeGreaterThanOrEqual(1);
      expect(Math.max(...ended.points.map(({ values }) => values.tasks ?? 0))).toBeLessThanOrEqual(20);
      // The host is well: it starts a program, and the group is gone with all of the bomb.
      expect(run('echo', 'well').trim()).toBe('well');
      expectNothingLeft();
    });

    it('freeze: what is frozen uses no CPU time at all, and goes on afterwards', async () => {
      const { id } = await labs.start('freeze', isEmulated ? 6 : 3);
      const begun = await labs.until(id, 'frozen');
      const [path = ''] = stepsOf(begun, 'created').map(({ cgroupPath }) => cgroupPath);
      const before = cpuUsecOf(path);
      await sleep(1000);
      expect(cpuUsecOf(path)).toBe(before);
      const { run: ended } = await labs.follow(id);
      expectPassed(ended);
      expect(checkOf(ended, 'frozen-cpu').measured).toBe(0);
      expectNothingLeft();
    });

    it('account: known work is counted to the microsecond, and the group above has exactly the sum', { retry }, async () => {
      const { run: ended } = await labs.conduct('account', isEmulated ? 4 : 1);
      expectPassed(ended);
      const { measured, tolerance } = checkOf(ended, 'sum-difference');
      expect(Math.abs(measured ?? Number.NaN)).toBeLessThanOrEqual(tolerance);
      expect(tolerance).toBeLessThanOrEqual(3);
      expectNothingLeft();
    });

    it('io: reading past the cache is held to 4 MiB a second, or the lab is not offered and says why', { retry }, async () => {
      const [type = '', source = ''] = run('findmnt', '--noheadings', '--output', 'FSTYPE,SOURCE', '--target', '/usr/bin')
        .trim()
        .split(/\s+/);
      const offer = (await labs.list()).find(({ kind }) => kind === 'io');
      if (offer?.missing !== undefined) {
        // Whatever stands in the way is told, and it is told again to whoever tries.
        expect(offer.missing.message).toMatch(/disk|page cache|blkio|io\b/);
        const { error } = await agent.call('mutation', 'lab.start', { lab: 'io' });
        expect(error).toMatchObject({ message: offer.missing.message, data: { problem: 'unsupported' } });
        expect(['ext4', 'xfs'].includes(type) && source.startsWith('/dev/')).toBe(false);
        return;
      }
      const { run: ended } = await labs.conduct('io');
      expectPassed(ended);
      const [rule] = stepsOf(ended, 'write');
      expect(rule?.setting).toBe('io.max');
      expectNothingLeft();
    });

    it('tell everything as it happens: steps in order, a point each 250 to 1000 ms, whole at the end', async () => {
      const { run: ended, changes } = await labs.conduct('freeze', 1);
      expect(changes[0]).toMatchObject({ type: 'snapshot', runs: [{ id: ended.id }] });
      const first = changes[0]?.type === 'snapshot' ? changes[0].runs[0] : undefined;
      const steps = changes.flatMap((change) => (change.type === 'step' ? [change.step] : []));
      const points = changes.flatMap((change): LabPoint[] => (change.type === 'point' ? [change.point] : []));
      expect([...(first?.steps ?? []), ...steps]).toEqual(ended.steps);
      expect([...(first?.points ?? []), ...points]).toEqual(ended.points);
      const gaps = ended.points.slice(1).map(({ atMsec }, index) => atMsec - (ended.points[index]?.atMsec ?? 0));
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(120);
      expect(Math.max(...gaps)).toBeLessThanOrEqual(boundMsec(1000));
      expect(ended.steps.map(({ atMsec }) => atMsec)).toEqual(ended.steps.map(({ atMsec }) => atMsec).toSorted((a, b) => a - b));
      expect(ended.steps.at(-1)?.type).toBe('removed');
      for (const { command, file, value } of stepsOf(ended, 'write')) {
        expect(command).toContain(file);
        expect(command).toContain(value);
      }
    });

    it('stop at once, and leave nothing', async () => {
      for (const [lab, phase] of [
        ['shares', 'together'],
        ['freeze', 'frozen'],
        ['pids', 'forking'],
      ] as const) {
        const { id } = await labs.start(lab, 20);
        await labs.until(id, phase);
        const begin = performance.now();
        expect(await labs.stop(id)).toMatchObject({ id, state: 'ended', outcome: 'stopped' });
        expect(performance.now() - begin, lab).toBeLessThan(boundMsec(stopMsec));
        expectNothingLeft();
        // Once more is as good.
        expect(await labs.stop(id)).toMatchObject({ outcome: 'stopped' });
      }
      expect((await agent.call('mutation', 'lab.stop', { run: 'ffff' })).error?.data.problem).toBe('not-found');
      expect((await labs.list()).every(({ running }) => running === undefined)).toBe(true);
    });

    it('run one at a time, each within its bounds', async () => {
      const { id } = await labs.start('shares', 20);
      const second = await agent.call('mutation', 'lab.start', { lab: 'freeze' });
      expect(second.error).toMatchObject({ message: `the lab shares is running (${id})`, data: { problem: 'conflict' } });
      expect((await labs.list()).find(({ kind }) => kind === 'shares')).toMatchObject({ running: id });
      await labs.stop(id);
      for (const seconds of [0, 1, 51, 61, 1.5]) {
        const { error } = await agent.call('mutation', 'lab.start', { lab: 'shares', seconds });
        expect(error?.data.problem, String(seconds)).toBe('invalid');
      }
      expect((await agent.call('mutation', 'lab.start', { lab: 'reboot' })).error?.data.problem).toBe('invalid');
    });

    it('are recorded, with who asked, how they came out, and every write', async () => {
      const { run: ended } = await labs.conduct('memory', 55);
      await expect
        .poll(async () => (await labs.events()).filter(({ detail }) => detail.run === ended.id).map(({ kind }) => kind), {
          timeout: boundMsec(2000),
        })
        .toEqual(['lab.started', 'lab.ended']);
      const event = (await labs.events()).find(({ kind, detail }) => kind === 'lab.ended' && detail.run === ended.id);
      expect(event).toMatchObject({
        subject: { kind: 'local-root' },
        detail: { lab: 'memory', outcome: 'passed', check: 'memory-peak', expected: 32 * 1024 ** 2 },
      });
      for (const { file, value } of stepsOf(ended, 'write'))
        expect(
          event?.transcript?.steps.some(({ args }) => args.includes(file.slice(file.lastIndexOf('/') + 1)) && args.includes(value)),
        ).toBe(true);
    });

    for (const [lab, phase] of [
      ['shares', 'together'],
      ['freeze', 'frozen'],
    ] as const)
      it(`${lab}: what an agent left that was killed in the middle is gone with the next start`, async () => {
        const { id } = await labs.start(lab, 20);
        await labs.until(id, phase);
        await agent.end('SIGKILL');
        expect(findLeft(instance)).not.toEqual([]);
        await agent.start();
        await expect.poll(() => findLeft(instance), { timeout: boundMsec(15_000), interval: 100 }).toEqual([]);
        await expect
          .poll(async () => (await labs.events()).find(({ kind, detail }) => kind === 'lab.ended' && detail.run === id), {
            timeout: boundMsec(2000),
          })
          .toMatchObject({ detail: { lab, outcome: 'broken', problem: 'the agent ended while it ran' } });
        // And the next run is as any other.
        const { run: ended } = await labs.conduct('freeze', 1);
        expectPassed(ended);
      });

    it('leave containers alone that are only called like theirs', async () => {
      const name = 'lab-shares-1a2b-less';
      await agent.must('mutation', 'container.run', { name, tenantId: 'lab', image: 'host', args: ['sleep', '600'] });
      await agent.end('SIGKILL');
      await agent.start();
      await sleep(500);
      const list = await agent.must<{ name: string; status: string }[]>('query', 'container.list', {});
      expect(list).toMatchObject([{ name, status: 'running' }]);
      // The group above would count it: that is said, not measured.
      const { run: ended } = await labs.conduct('account');
      expect(ended).toMatchObject({ outcome: 'broken', problem: { message: expect.stringContaining('would count others as well') } });
      await agent.must('mutation', 'container.delete', { container: name, force: true });
    });
  },
);

/** The control groups of this host without one controller: version 1 with a hierarchy less, version 2 below a group that hands it not down. */
async function without(controller: string, instance: TestInstance) {
  if (/ cgroup /.test(readFileSync('/proc/self/mounts', 'utf8'))) {
    const mountinfo = linesOf(readFileSync('/proc/self/mountinfo', 'utf8')).filter((line) => !line.includes(`rw,${controller}`));
    return { cgroups: detectCgroups('', mountinfo.join('\n')), [Symbol.asyncDispose]: async () => undefined };
  }
  const point = cgroupMounts()[0]?.point ?? '';
  const above = `test-${instance.instance}`;
  for (const path of [above, `${above}/delegated`]) run('mkdir', join(point, path));
  run('sh', '-c', `echo '+cpu +memory +pids' > ${join(point, above, 'cgroup.subtree_control')}`);
  return {
    cgroups: detectCgroups(`${above}/delegated`),
    [Symbol.asyncDispose]: async () => void run('find', join(point, above), '-depth', '-type', 'd', '-exec', 'rmdir', '{}', '+'),
  };
}

describeNeeds({ root: true, userNamespaces: true, cgroup: 'any', controllers: ['cpuset'] }, 'a host without cpuset', () => {
  it('refuses the lab that needs it by name, and offers the others', async () => {
    await using instance = await startTestInstance();
    const client = new AgentProcess(instance);
    await using host = await without('cpuset', instance);
    const { cgroups } = host;
    const log = { info: () => undefined, warn: () => undefined, error: () => undefined, fatal: () => undefined };
    {
      await using agent = await startAgent({
        config: {
          service: 'agent',
          version: '0.0.0',
          instance: instance.instance,
          hostId: client.hostId,
          stateDirectory: instance.paths.state,
        },
        bootId: readBootId(),
        cgroups,
        createRuntime: (options) => createContainerRuntime({ ...options, failPoint: noFailPoint }),
        programDirectory: join(import.meta.dirname, '../..'),
        log,
      });
      await agent.recovered;
      const offers = await client.must<Lab[]>('query', 'lab.list', {});
      const missing = offers.filter((offer) => offer.missing !== undefined).map(({ kind }) => kind);
      expect(missing.filter((kind) => kind !== 'io')).toEqual(['shares']);
      const { error } = await client.call('mutation', 'lab.start', { lab: 'shares' });
      expect(error?.data.problem).toBe('unsupported');
      expect(error?.message).toContain('no control group controller cpuset, which the lab shares needs');
      expect(error?.data.remedy).toMatch(/cpuset|cgroup.subtree_control/);
      expect(await client.must<LabRun>('mutation', 'lab.start', { lab: 'pids', seconds: 2 })).toMatchObject({ state: 'running' });
    }
    await cgroups.remove(cgroupRoot(instance.instance, cgroups.delegated));
  });
});

it('has no kind of lab that is not tried here', () => {
  const text = readFileSync(import.meta.filename, 'utf8');
  for (const kind of LabKind.options) expect(text).toMatch(new RegExp(`it\\('${kind}: `));
});
