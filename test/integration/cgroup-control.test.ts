import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type RecordedStep, Recorder } from '../../packages/kernel/src/index.ts';
import { CgroupGround, isUnified, mountOf, problem, treePoint } from '../support/cgroup-ground.ts';
import { boundMsec } from '../support/emulation.ts';
import { cgroupMounts } from '../support/hand-cgroup.ts';
import { describeNeeds } from '../support/needs.ts';

describeNeeds(
  { root: true, cgroup: 'any', controllers: ['cpu', 'memory', 'pids', 'cpuset'], kernel: '5.14', programs: ['perl'] },
  'control of any cgroup',
  () => {
    let ground: CgroupGround;
    let root: string;

    beforeEach(() => {
      ground = new CgroupGround();
      root = ground.root;
    });
    afterEach(async () => {
      await ground[Symbol.asyncDispose]();
    });
    const busyTicks = (pid: number | undefined): number => Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[11]);

    test('makes a group of any name, sets it in one vocabulary, and the kernel holds what was asked for', () => {
      const path = `${root}/a:b@c d`;
      ground.create(path);
      const changes = { 'cpu.weight': '50', 'cpu.max': '20000 50000', 'memory.max': '64M', 'pids.max': '33', 'cpuset.cpus': '0' };
      const recorder = new Recorder();
      ground.set(path, changes, { recorder });
      if (isUnified) {
        expect(ground.read('cpu', path, 'cpu.weight')).toBe('50');
        expect(ground.read('cpu', path, 'cpu.max')).toBe('20000 50000');
      } else {
        expect(ground.read('cpu', path, 'cpu.shares')).toBe('512');
        expect([ground.read('cpu', path, 'cpu.cfs_quota_us'), ground.read('cpu', path, 'cpu.cfs_period_us')]).toEqual(['20000', '50000']);
      }
      expect(ground.read('memory', path, 'memory.limit_in_bytes', 'memory.max')).toBe('67108864');
      expect(ground.read('pids', path, 'pids.max')).toBe('33');
      expect(ground.read('cpuset', path, 'cpuset.cpus')).toBe('0');
      for (const [key, value] of Object.entries({ ...changes, 'memory.max': '67108864' }))
        expect(ground.stateOf(path, key)).toMatchObject({ key, value });
      expect(recorder.steps.map(({ syscall }) => syscall)).toEqual(new Array(isUnified ? 5 : 6).fill('write'));
      // Asked for once more, there is nothing to do.
      expect(
        ground.control.plan(
          path,
          Object.entries(changes).map(([key, value]) => ({ key, value })),
        ).steps,
      ).toEqual([]);
    });

    test('a plan tells each file with its value before and after, and writes nothing', () => {
      ground.create(root);
      const plan = ground.control.plan(root, [{ key: 'pids.max', value: '7' }]);
      expect(plan.steps).toEqual([{ file: ground.file('pids', root, 'pids.max'), key: 'pids.max', before: 'max', after: '7' }]);
      expect(ground.read('pids', root, 'pids.max')).toBe('max');
    });

    test('words of version 1 are taken as they are on version 1, and converted on version 2', () => {
      ground.create(root);
      const plan = ground.control.plan(root, [
        { key: 'cpu.shares', value: '200' },
        { key: 'cpu.cfs_quota_us', value: '30000' },
        { key: 'memory.limit_in_bytes', value: '32M' },
      ]);
      ground.control.apply(plan);
      expect(ground.read('cpu', root, 'cpu.shares', 'cpu.weight')).toBe(isUnified ? '20' : '200');
      expect(ground.read('cpu', root, 'cpu.cfs_quota_us', 'cpu.max')).toBe(isUnified ? '30000 100000' : '30000');
      expect(ground.read('memory', root, 'memory.limit_in_bytes', 'memory.max')).toBe('33554432');
      expect(plan.warnings.some((warning) => warning.includes('cpu.shares = 200 is cpu.weight = 20'))).toBe(isUnified);
      // And those of version 2 on version 1, where they are the settings' own names.
      if (!isUnified)
        expect(() => ground.control.plan(root, [{ key: 'memory.high', value: '1G' }])).toThrow(
          problem('unsupported', 'memory.high', 'version 1', 'soft_limit'),
        );
    });

    test('a change is all or nothing: where one file is refused, the others hold what they held', () => {
      ground.create(root);
      ground.set(root, { 'pids.max': '20', 'cpu.weight': '70', 'cpu.max': '20000 100000' });
      const recorder = new Recorder();
      const before = [
        ground.read('pids', root, 'pids.max'),
        ground.read('cpu', root, 'cpu.shares', 'cpu.weight'),
        ground.read('cpu', root, 'cpu.cfs_quota_us', 'cpu.max'),
      ];
      expect(() =>
        ground.set(root, { 'pids.max': '5', 'cpu.weight': '10', 'cpu.max': '10000 100000', 'cpu.max.burst': '50000' }, { recorder }),
      ).toThrow(
        problem('invalid', '"50000"', isUnified ? 'cpu.max.burst' : 'cpu.cfs_burst_us', 'EINVAL', 'more than the quota', 'put back'),
      );
      expect([
        ground.read('pids', root, 'pids.max'),
        ground.read('cpu', root, 'cpu.shares', 'cpu.weight'),
        ground.read('cpu', root, 'cpu.cfs_quota_us', 'cpu.max'),
      ]).toEqual(before);
      // The transcript has what was done and what was undone.
      expect(recorder.steps).toHaveLength(7);
      expect(recorder.steps.filter(({ error }) => error !== undefined)).toHaveLength(1);
    });

    test('a plan that somebody overtook is refused, and nothing of it is done', () => {
      ground.create(root);
      const plan = ground.control.plan(root, [
        { key: 'cpu.weight', value: '10' },
        { key: 'pids.max', value: '5' },
      ]);
      writeFileSync(ground.file('pids', root, 'pids.max'), '9');
      expect(() => ground.control.apply(plan)).toThrow(problem('conflict', 'pids.max', '"max"', '"9" now'));
      expect(ground.read('cpu', root, 'cpu.shares', 'cpu.weight')).toBe(isUnified ? '100' : '1024');
    });

    test('a group that vanishes half way is named', () => {
      ground.create(root);
      const plan = ground.control.plan(root, [
        { key: 'cpu.weight', value: '10' },
        { key: 'pids.max', value: '5' },
      ]);
      class Vanishing extends Recorder {
        override add(step: RecordedStep): void {
          super.add(step);
          if (this.steps.length === 1)
            for (const { point } of cgroupMounts()) if (existsSync(`${point}${root}`)) rmdirSync(`${point}${root}`);
        }
      }
      expect(() => ground.control.apply(plan, { recorder: new Vanishing() })).toThrow(
        problem('not-found', root, 'vanished half way', 'pids.max'),
      );
      expect(() => ground.control.apply(plan)).toThrow(problem('not-found', root));
      expect(() => ground.control.settings(root)).toThrow(problem('not-found', root));
    });

    test.each(['/..', '/a/../../etc', '/a//b', 'a', '', '/.', `/${'x'.repeat(256)}`, '/a\nb', '/a\0b'])('%j is no path', (path) => {
      for (const act of [
        () => ground.control.settings(path),
        () => ground.control.create(path),
        () => ground.control.move(path, [1]),
        () => ground.control.plan(path, []),
      ])
        expect(act).toThrow(problem('invalid', 'is not a path of a cgroup'));
    });

    test('a file is no group, and the root has no limits', () => {
      ground.create(root);
      expect(() => ground.control.settings(`${root}/cgroup.procs`)).toThrow(problem('invalid', 'is a file'));
      expect(() => ground.control.create(`${root}/cgroup.procs/x`)).toThrow(problem('invalid', 'is a file'));
      expect(() => ground.control.plan('/', [{ key: 'pids.max', value: '100000' }])).toThrow(/pids\.max cannot be set at/);
      if (!isUnified) expect(ground.stateOf('/', 'cpu.weight')).toMatchObject({ refused: { reason: 'root-group' } });
      expect(() => ground.control.create('/')).toThrow(problem('conflict'));
    });

    test('another file system mounted over a group is named, and nothing in it is touched', () => {
      ground.create(`${root}/over`);
      const point = isUnified ? treePoint() : mountOf('pids');
      const script = join(import.meta.dirname, '../support/cgroup-set-pids.ts');
      // In a mount namespace of its own: the host sees nothing of it.
      const { stdout, stderr } = spawnSync(
        'unshare',
        [
          '--mount',
          'sh',
          '-c',
          'mount -t tmpfs none "$1" && echo 5 > "$1/pids.max" && mkdir "$1/below" && echo 5 > "$1/below/pids.max" && "$2" "$3" "$4/below" && "$2" "$3" "$4"; cat "$1/pids.max" "$1/below/pids.max"',
          'sh',
          `${point}${root}/over`,
          process.execPath,
          script,
          `${root}/over`,
        ],
        { encoding: 'utf8' },
      );
      expect(stdout.trim().split('\n'), stderr).toEqual([
        expect.stringMatching(/^conflict .*over\/below leads onto another file system/),
        expect.stringMatching(/^conflict .*over leads onto another file system/),
        '5',
        '5',
      ]);
      expect(ground.read('pids', `${root}/over`, 'pids.max')).toBe('max');
    });

    test('tells least and greatest value in force, as the groups above have it', () => {
      ground.create(root);
      ground.set(root, { 'pids.max': '500', 'memory.max': '128M', 'cpu.max': '50000 100000', 'cpuset.cpus': '0' });
      ground.create(`${root}/below`);
      const bounds = (key: string) => ground.stateOf(`${root}/below`, key).bounds;
      expect(bounds('pids.max')).toMatchObject({ least: '0', greatest: '500', because: expect.stringContaining(root) });
      expect(bounds('memory.max')).toMatchObject({ greatest: '134217728' });
      expect(bounds('cpu.max')).toMatchObject({ least: '1000', greatest: '50000 100000' });
      expect(bounds('cpu.weight')).toEqual({ least: '1', greatest: '10000' });
      expect(bounds('cpuset.cpus')).toMatchObject({ greatest: '0' });
      if (isUnified) return;
      expect(() => ground.set(`${root}/below`, { 'cpu.max': '60000 100000' })).toThrow(
        problem('invalid', '50000 100000', 'cpu.cfs_quota_us'),
      );
      expect(() => ground.set(`${root}/below`, { 'cpuset.cpus': '0-1' })).toThrow(problem('invalid', 'cpuset.cpus', 'has 0'));
    });

    test('limits of a disk, by its number or its name, and taken back line by line', () => {
      ground.create(root);
      const { refused } = ground.stateOf(root, 'io.max');
      if (refused !== undefined) {
        // A guest without a disk, or a kernel without throttling: told, and refused.
        expect(() => ground.set(root, { 'io.max': '7:0 rbps=1M' })).toThrow(problem('unsupported', 'io.max'));
        return;
      }
      const disk = readdirSync('/sys/block').find((name) => /^(?:vd|sd|nvme|loop)/.test(name)) as string;
      const number = readFileSync(`/sys/block/${disk}/dev`, 'utf8').trim();
      ground.set(root, { 'io.max': `${disk} rbps=1M wiops=100` });
      expect(ground.stateOf(root, 'io.max').value).toBe(`${number} rbps=1048576 wbps=max riops=max wiops=100`);
      ground.set(root, { 'io.max': `${number} rbps=max` });
      expect(ground.stateOf(root, 'io.max').value).toBe(`${number} rbps=max wbps=max riops=max wiops=100`);
      ground.set(root, { 'io.max': `/dev/${disk} wiops=max` });
      expect(ground.stateOf(root, 'io.max').value).toBe('');
      expect(() => ground.set(root, { 'io.max': 'nosuchdisk rbps=1M' })).toThrow(problem('invalid', 'no disk nosuchdisk'));
      expect(() => ground.set(root, { 'pids.max': '3', 'io.max': '4000:1 rbps=1M' })).toThrow(
        problem('invalid', '4000:1', 'ENODEV', 'no such device', 'put back'),
      );
      expect(ground.read('pids', root, 'pids.max')).toBe('max');
    });

    test('moves processes, and where one cannot be moved, none is', async () => {
      ground.create(`${root}/from`);
      ground.create(`${root}/to`);
      const child = await ground.startIn(`${root}/from`, 'echo in; exec sleep 60');
      const recorder = new Recorder();
      ground.control.move(`${root}/to`, [child.pid as number], { recorder });
      expect(ground.control.processes(`${root}/to`)).toEqual([child.pid]);
      expect(ground.read('pids', `${root}/to`, 'cgroup.procs')).toBe(String(child.pid));
      expect(recorder.steps.every(({ syscall, args }) => syscall === 'write' && args.includes(`"${child.pid}"`))).toBe(true);
      expect(() => ground.control.move(`${root}/from`, [child.pid as number, 4_194_303])).toThrow(
        problem('not-found', 'no process 4194303', 'are back'),
      );
      expect(ground.read('pids', `${root}/to`, 'cgroup.procs')).toBe(String(child.pid));
      expect(ground.read('pids', `${root}/from`, 'cgroup.procs')).toBe('');
      // A thread of the kernel stays where it is.
      expect(() => ground.control.move(`${root}/to`, [2])).toThrow(problem('conflict', 'cgroup.procs', 'EINVAL', 'thread of the kernel'));
    });

    test('freezes until all stands still, and thaws', async () => {
      ground.create(`${root}/inner`);
      const child = await ground.startIn(`${root}/inner`, 'echo in; while :; do :; done');
      const recorder = new Recorder();
      await ground.control.freeze(root, { recorder });
      expect(ground.stateOf(root, 'cgroup.freeze').value).toBe('1');
      const before = busyTicks(child.pid);
      await sleep(300);
      expect(busyTicks(child.pid)).toBe(before);
      await expect(ground.control.thaw(`${root}/inner`)).rejects.toThrow(problem('conflict', 'a group above it is frozen'));
      await ground.control.thaw(root);
      await expect.poll(() => busyTicks(child.pid), { timeout: boundMsec(5000) }).toBeGreaterThan(before);
      expect(recorder.steps.map(({ args }) => args).join()).toMatch(/freezer\.state, "FROZEN"|cgroup\.freeze, "1"/);
    });

    test('what cannot be frozen in time is thawed again, and named', async () => {
      ground.create(root);
      // vfork(2): the parent stands in the kernel, where version 1 finds it in no state to be frozen in.
      const child = await ground.startIn(root, `echo in; exec perl -e 'syscall(${process.arch === 'x64' ? 58 : 1079}) or sleep 60'`);
      // Until it stands in the kernel: where it does not yet, it is frozen like any other.
      await sleep(200);
      const outcome = await ground.control.freeze(root, { timeoutMsec: 300 }).then(
        () => 'frozen',
        (failure: { code: string }) => failure.code,
      );
      if (outcome === 'frozen') await ground.control.thaw(root);
      else {
        expect(outcome).toBe('unavailable');
        expect(isUnified ? ground.read('freezer', root, 'cgroup.freeze') : ground.read('freezer', root, 'freezer.self_freezing')).toBe('0');
      }
      expect(child.exitCode).toBeNull();
    });

    test('kills all below, also what is frozen, and nothing beside it', async () => {
      ground.create(`${root}/victim/inner`);
      ground.create(`${root}/spare`);
      const spare = await ground.startIn(`${root}/spare`, 'echo in; exec sleep 60');
      const victim = await ground.startIn(`${root}/victim/inner`, 'sleep 60 & echo in; wait');
      await ground.control.freeze(`${root}/victim`);
      const ended = once(victim, 'exit');
      const recorder = new Recorder();
      expect(await ground.control.kill(`${root}/victim`, { recorder })).toBe(2);
      expect((await ended)[1]).toBe('SIGKILL');
      expect(ground.control.processes(root, true)).toEqual([spare.pid]);
      expect(recorder.steps.length).toBeGreaterThan(0);
    });

    test('removes what is empty, and says what is in the way', async () => {
      ground.create(`${root}/x/y`);
      const child = await ground.startIn(`${root}/x/y`, 'echo in; exec sleep 60');
      await expect(ground.control.remove(`${root}/x`)).rejects.toThrow(problem('conflict', '1 groups below it', 'y'));
      await expect(ground.control.remove(`${root}/x`, { recursive: true })).rejects.toThrow(problem('conflict', String(child.pid)));
      await ground.control.kill(`${root}/x`);
      await ground.control.remove(`${root}/x`, { recursive: true });
      expect(cgroupMounts().filter(({ point }) => existsSync(`${point}${root}/x`))).toEqual([]);
      await expect(ground.control.remove(`${root}/x`)).rejects.toThrow(problem('not-found'));
    });

    test('makes groups where they are missing, and nothing where it fails', () => {
      ground.create(root);
      expect(() => ground.create(root)).toThrow(problem('conflict', 'already'));
      if (isUnified) writeFileSync(`${treePoint()}${root}/cgroup.max.descendants`, '1');
      if (isUnified) expect(() => ground.control.create(`${root}/a/b`)).toThrow(problem('exhausted', 'cgroup.max.descendants'));
      expect(
        readdirSync(isUnified ? `${treePoint()}${root}` : `${mountOf('pids')}${root}`, { withFileTypes: true }).filter((entry) =>
          entry.isDirectory(),
        ),
      ).toEqual([]);
      const offered = ground.control.hierarchies().flatMap(({ controllers }) => controllers);
      const missing = (['net_cls', 'net_prio', 'rdma', 'misc'] as const).find((name) => !offered.includes(name));
      if (missing === undefined) throw new Error('this host has every controller there is');
      expect(() => ground.control.create(`${root}/x`, [missing])).toThrow(problem('unsupported', missing));
    });
  },
);
