import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CgroupGround, mountOf, problem } from '../support/cgroup-ground.ts';
import { describeNeeds } from '../support/needs.ts';

describeNeeds(
  { root: true, cgroup: 'v1', controllers: ['cpu', 'cpuset', 'memory', 'pids', 'freezer', 'devices'], programs: ['perl'] },
  'control of v1 hierarchies',
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

    test('devices: a list, changed device by device, and back', () => {
      ground.create(root);
      ground.set(root, { devices: 'deny a\nallow c 1:3 rwm\nallow c 1:5 r' });
      expect(ground.read('devices', root, 'devices.list').split('\n').sort()).toEqual(['c 1:3 rwm', 'c 1:5 r']);
      ground.set(root, { devices: 'deny a\nallow c 1:3 rwm\nallow c 1:9 rw' });
      expect(ground.read('devices', root, 'devices.list').split('\n').sort()).toEqual(['c 1:3 rwm', 'c 1:9 rw']);
      expect(ground.stateOf(root, 'devices').value).toBe('deny a *:* rwm\nallow c 1:3 rwm\nallow c 1:9 rw');
      ground.create(`${root}/below`);
      expect(() => ground.set(root, { devices: 'allow a' })).toThrow(problem('conflict', 'devices.allow', 'EINVAL', 'groups below'));
      expect(() => ground.set(`${root}/below`, { 'pids.max': '3', devices: 'deny a\nallow c 1:3 rwm\nallow c 1:8 r' })).toThrow(
        problem('invalid', 'c 1:8 r', 'EPERM', 'the group above does not have it'),
      );
      expect(ground.read('devices', `${root}/below`, 'devices.list').split('\n').sort()).toEqual(['c 1:3 rwm', 'c 1:9 rw']);
    });

    test('a limit of memory below what is in use and cannot be freed is refused, and the rest is put back', async () => {
      ground.control.create(root);
      const script = '$| = 1; <STDIN>; my $held = "x" x 40_000_000; print "in"; sleep 60';
      const child = ground.spawn('perl', ['-e', script], ['pipe', 'pipe', 'ignore']);
      ground.control.move(root, [child.pid as number]);
      child.stdin?.write('\n');
      await once(child.stdout as NodeJS.ReadableStream, 'data');
      // Without swap nothing of it can be freed.
      expect(() =>
        ground.control.apply(
          ground.control.plan(root, [
            { key: 'pids.max', value: '50' },
            { key: 'memory.swap.max', value: 'max' },
            { key: 'memory.max', value: '4M' },
          ]),
        ),
      ).toThrow(problem('conflict', '"4194304"', 'memory.limit_in_bytes', 'EBUSY', 'uses more than that'));
      expect(readFileSync(`${mountOf('pids')}${root}/pids.max`, 'utf8')).toBe('max\n');
      expect(Number(readFileSync(`${mountOf('memory')}${root}/memory.limit_in_bytes`, 'utf8'))).toBeGreaterThan(2 ** 60);
    });

    test('a group that is in some hierarchies alone is told so, and made in those that are asked for', () => {
      ground.control.create(root, ['pids']);
      expect(ground.present()).toEqual([mountOf('pids')]);
      const states = ground.control.settings(root);
      expect(states.find(({ key }) => key === 'memory.max')?.refused).toMatchObject({ reason: 'not-in-hierarchy' });
      expect(states.find(({ key }) => key === 'pids.max')?.refused).toBeUndefined();
      expect(() => ground.control.plan(root, [{ key: 'memory.max', value: '64M' }])).toThrow(
        problem('unsupported', 'memory.max', 'has no group'),
      );
      ground.control.create(root, ['pids', 'memory']);
      ground.control.apply(ground.control.plan(root, [{ key: 'memory.max', value: '64M' }]));
      expect(readFileSync(`${mountOf('memory')}${root}/memory.limit_in_bytes`, 'utf8')).toBe('67108864\n');
      expect(() => ground.control.create(root, ['pids', 'memory'])).toThrow(problem('conflict', 'already'));
    });

    test('freezing where nobody would stand still is refused', async () => {
      ground.control.create(root);
      const child = ground.spawn('sleep', ['60']);
      ground.control.move(root, [child.pid as number], { controllers: ['pids'] });
      await expect(ground.control.freeze(root)).rejects.toThrow(problem('conflict', 'would freeze nobody'));
      expect(await ground.control.kill(root)).toBe(1);
    });

    test('a process joins no cpuset that is empty', () => {
      mkdirSync(`${mountOf('cpuset')}${root}`);
      const child = ground.spawn('sleep', ['60']);
      expect(() => ground.control.move(root, [child.pid as number])).toThrow(
        problem('conflict', 'cgroup.procs', 'ENOSPC', 'no CPU or no memory node'),
      );
    });

    test('real-time CPU time is taken from what the group above has, and told to be missing where the kernel lacks it', () => {
      ground.control.create(root);
      const asked = [{ key: 'cpu.rt_runtime_us', value: '999999' }];
      const file = `${mountOf('cpu')}${root}/cpu.rt_runtime_us`;
      const words = existsSync(file) ? ['EINVAL', 'the group above'] : ['has no cpu.rt_runtime_us'];
      expect(() => ground.control.apply(ground.control.plan(root, asked))).toThrow(
        problem(existsSync(file) ? 'invalid' : 'unsupported', 'cpu.rt_runtime_us', ...words),
      );
      if (existsSync(file)) expect(readFileSync(file, 'utf8')).toBe('0\n');
    });
  },
);
