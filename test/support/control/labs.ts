import { randomBytes } from 'node:crypto';
import type { LabChange } from '@bulkhead/api';
import {
  type HostEvent,
  type Lab,
  type LabCheck,
  LabKind,
  type LabPoint,
  type LabRun,
  type LabRunId,
  type LabStep,
  labContainerName,
  labs,
  Problem,
  type Subject,
} from '@bulkhead/model';
import { wordsOf } from '../../../apps/agent/src/lab/offer.ts';
import { Broadcast } from '../../../apps/web/src/server/queue.ts';

const pointMsec = 250;

/** What a run of each lab looks like, in small. */
interface Script {
  role: string;
  args: string[];
  writes: readonly [setting: string, file: string, value: string][];
  values(share: number): Record<string, number>;
  checks: readonly LabCheck[];
}

const check = (facts: Omit<LabCheck, 'passed'>): LabCheck => ({ ...facts, passed: true });
const wave = (share: number): number => Math.sin(share * 40) * 0.04;

const scripts: Record<LabKind, Script> = {
  shares: {
    role: 'less',
    args: ['sh', '-c', 'a=1; while :; do a=$((a+1)); done'],
    writes: [
      ['cpuset.cpus', '/sys/fs/cgroup/cpuset/bulkhead-abc/lab/0123456789abcdef/init/cpuset.cpus', '3'],
      ['cpu.weight', '/sys/fs/cgroup/cpu/bulkhead-abc/lab/0123456789abcdef/cpu.shares', '200'],
      ['cpu.weight', '/sys/fs/cgroup/cpu/bulkhead-abc/lab/fedcba9876543210/cpu.shares', '800'],
    ],
    values: (share) => ({ less: 200 * (1 + wave(share)), more: 800 * (1 - wave(share) / 4) }),
    checks: [
      check({ key: 'less-share', unit: 'percent', is: 'within', expected: 20, tolerance: 2, measured: 20.04 }),
      check({ key: 'owed-share', unit: 'percent', is: 'within', expected: 20, tolerance: 2, measured: 20.04 }),
    ],
  },
  quota: {
    role: 'loop',
    args: ['sh', '-c', 'while :; do :; done'],
    writes: [['cpu.max', '/sys/fs/cgroup/cpu/bulkhead-abc/lab/0123456789abcdef/cpu.cfs_quota_us', '50000']],
    values: (share) => ({ used: (share < 0.5 ? 500 : 200) * (1 + wave(share)), quota: share < 0.5 ? 500 : 200 }),
    checks: [check({ key: 'first-quota', unit: 'cpuMillis', is: 'within', expected: 500, tolerance: 30, measured: 498.2 })],
  },
  memory: {
    role: 'hog',
    args: ['sh', '-c', 'while :; do eval "held$i=$block"; done'],
    writes: [['memory.max', '/sys/fs/cgroup/memory/bulkhead-abc/lab/0123456789abcdef/memory.limit_in_bytes', '33554432']],
    values: (share) => ({ used: Math.round(33_554_432 * share), limit: 33_554_432 }),
    checks: [
      check({ key: 'memory-peak', unit: 'bytes', is: 'at-most', expected: 33_554_432, tolerance: 0, measured: 33_554_432 }),
      check({ key: 'oom-kills', unit: 'count', is: 'at-least', expected: 1, tolerance: 0, measured: 1 }),
      { key: 'end-signal', unit: 'signal', is: 'within', expected: 9, tolerance: 0, passed: false },
    ],
  },
  pids: {
    role: 'bomb',
    args: ['sh', '-c', 'b 5'],
    writes: [['pids.max', '/sys/fs/cgroup/pids/bulkhead-abc/lab/0123456789abcdef/init/pids.max', '20']],
    values: (share) => ({ tasks: Math.min(20, Math.round(60 * share)), limit: 20, refused: Math.round(14 * share) }),
    checks: [check({ key: 'most-tasks', unit: 'count', is: 'at-most', expected: 20, tolerance: 0, measured: 20 })],
  },
  io: { role: 'reader', args: ['dd'], writes: [], values: () => ({}), checks: [] },
  freeze: {
    role: 'ticker',
    args: ['sh', '-c', 'while :; do :; done'],
    writes: [['cgroup.freeze', '/sys/fs/cgroup/freezer/bulkhead-abc/lab/0123456789abcdef/freezer.state', 'FROZEN']],
    values: (share) => ({ used: share > 0.25 && share < 0.75 ? 0 : 990 }),
    checks: [check({ key: 'frozen-cpu', unit: 'usec', is: 'within', expected: 0, tolerance: 0, measured: 0 })],
  },
  account: {
    role: 'first',
    args: ['sh', '-c', 'while :; do :; done'],
    writes: [],
    values: (share) => ({ first: 1e6 * Math.min(1, share * 2), second: 2e6 * share, sum: 1e6 * Math.min(1, share * 2) + 2e6 * share }),
    checks: [check({ key: 'sum-difference', unit: 'usec', is: 'within', expected: 0, tolerance: 0, measured: 0 })],
  },
};

/** Labs without a kernel under them: runs that go by a script, told as an agent tells them. */
export class TestLabs {
  readonly #live = new Broadcast<LabChange>(1000, (waiting) => waiting);
  readonly #last = new Map<LabKind, LabRun>();
  readonly #tell: (kind: HostEvent['kind'], detail: HostEvent['detail']) => void;
  #current: { run: LabRun; end(outcome: 'passed' | 'stopped'): void } | undefined;

  constructor(tell: (kind: HostEvent['kind'], detail: HostEvent['detail']) => void) {
    this.#tell = tell;
  }

  list(): Lab[] {
    return LabKind.options.map((kind) => ({
      kind,
      use: labs[kind].use,
      seconds: labs[kind].seconds,
      words: wordsOf(kind),
      ...(kind === 'io'
        ? {
            missing: {
              message: '/usr/bin is on a file system without a disk of its own (device 0:31)',
              remedy: 'the kernel throttles disks: it needs a /usr on ext4, xfs or another file system of one disk',
            },
          }
        : {}),
      ...(this.#current?.run.lab === kind ? { running: this.#current.run.id } : {}),
    }));
  }

  #begin(lab: LabKind, seconds: number, subject: Subject | undefined): LabRun {
    const { role, args, writes } = scripts[lab];
    const id = randomBytes(2).toString('hex');
    const container = labContainerName(lab, id, role);
    const steps: LabStep[] = [
      { type: 'created', atMsec: 31, container, cgroupPath: '/bulkhead-abc/lab/0123456789abcdef', args },
      ...writes.map(([setting, file, value], index) => ({
        type: 'write' as const,
        atMsec: 40 + index,
        setting,
        file,
        value,
        command: `echo ${value} > ${file}`,
      })),
      { type: 'started', atMsec: 48, container },
      { type: 'phase', atMsec: 49, phase: lab === 'freeze' ? 'frozen' : lab === 'shares' ? 'together' : 'limited' },
    ];
    const run: LabRun = {
      id,
      lab,
      seconds,
      startedAt: new Date().toISOString(),
      ...(subject === undefined ? {} : { subject }),
      state: 'running',
      series: [...labs[lab].series],
      steps,
      points: [],
      checks: [],
    };
    this.#last.set(lab, run);
    return run;
  }

  #pointOf(run: LabRun, share: number): LabPoint {
    return { atMsec: Math.round(50 + share * run.seconds * 1000), values: scripts[run.lab].values(share) };
  }

  #end(run: LabRun, outcome: 'passed' | 'stopped'): void {
    run.checks = outcome === 'stopped' ? [] : [...scripts[run.lab].checks];
    run.outcome = outcome === 'passed' && run.checks.some(({ passed }) => !passed) ? 'failed' : outcome;
    run.state = 'ended';
    const last = run.points.at(-1)?.atMsec ?? 50;
    run.steps.push({ type: 'removed', atMsec: last + 12, container: labContainerName(run.lab, run.id, scripts[run.lab].role) });
    const [first] = run.checks;
    const { key, unit, is, expected, tolerance, measured } = first ?? {};
    const judged = { check: key, unit, is, expected, tolerance, measured };
    this.#tell('lab.ended', {
      lab: run.lab,
      run: run.id,
      seconds: run.seconds,
      outcome: run.outcome,
      ...(Object.fromEntries(Object.entries(judged).filter(([, value]) => value !== undefined)) as HostEvent['detail']),
    });
    this.#live.publish({ type: 'run', run: structuredClone(run) });
  }

  /** A run that is over already. */
  past(lab: LabKind): LabRun {
    const run = this.#begin(lab, labs[lab].seconds.preset, undefined);
    const count = (run.seconds * 1000) / pointMsec;
    for (let index = 1; index <= count; index += 1) run.points.push(this.#pointOf(run, index / count));
    this.#end(run, 'passed');
    return run;
  }

  /** Runs at the pace of a real one, for as long as it was asked for. */
  start({ lab, seconds = labs[lab].seconds.preset }: { lab: LabKind; seconds?: number | undefined }, subject?: Subject): LabRun {
    if (this.#current !== undefined)
      throw new Problem('conflict', `the lab ${this.#current.run.lab} is running (${this.#current.run.id})`, {
        remedy: 'wait, or stop it',
      });
    const run = this.#begin(lab, seconds, subject);
    const begin = performance.now();
    const timer = setInterval(() => {
      const share = Math.min(1, (performance.now() - begin) / (seconds * 1000));
      const point = this.#pointOf(run, share);
      run.points.push(point);
      this.#live.publish({ type: 'point', run: run.id, point });
      if (share === 1) this.#current?.end('passed');
    }, pointMsec);
    timer.unref();
    this.#current = {
      run,
      end: (outcome) => {
        clearInterval(timer);
        this.#current = undefined;
        this.#end(run, outcome);
      },
    };
    this.#tell('lab.started', { lab, run: run.id, seconds });
    this.#live.publish({ type: 'run', run: structuredClone(run) });
    return structuredClone(run);
  }

  stop(id: LabRunId): LabRun {
    const run = [...this.#last.values()].find((each) => each.id === id);
    if (run === undefined) throw new Problem('not-found', `no run ${id} of a lab since the agent's start`);
    if (this.#current?.run === run) this.#current.end('stopped');
    return structuredClone(run);
  }

  async *watch(id: LabRunId | undefined, signal: AbortSignal): AsyncGenerator<LabChange> {
    const runs = structuredClone([...this.#last.values()].filter((run) => id === undefined || run.id === id));
    for await (const change of this.#live.subscribe(signal, [{ type: 'snapshot', runs }])) {
      const of = change.type === 'snapshot' ? id : change.type === 'run' ? change.run.id : change.run;
      if (id === undefined || of === id) yield change;
    }
  }

  /** Ends what runs, as the end of the agent does. */
  close(): void {
    this.#current?.end('stopped');
  }
}
