import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type CgroupControl, HostCgroupControl, openHierarchies } from '@bulkhead/cgroup';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CgroupGround, isUnified, problem, treePoint } from '../support/cgroup-ground.ts';
import { describeNeeds } from '../support/needs.ts';

// The real v2 tree, also where it stands beside v1 and so hands no controller down: what is of the core is there anyway.
describeNeeds({ root: true, cgroup: 'v2', kernel: '5.14' }, 'control of the v2 tree', () => {
  const point = treePoint() as string;
  let ground: CgroupGround;
  let control: CgroupControl;
  let root: string;

  beforeEach(() => {
    ground = new CgroupGround();
    ({ control, root } = ground);
    mkdirSync(`${point}${root}`);
  });
  afterEach(async () => {
    await ground[Symbol.asyncDispose]();
  });
  const enabled = (path: string): string[] =>
    readFileSync(`${point}${path}/cgroup.subtree_control`, 'utf8').trim().split(' ').filter(Boolean);

  test('a controller that is not handed down is named, and enabled above only where that is asked for', () => {
    mkdirSync(`${point}${root}/inner`);
    const changes = [{ key: 'pids.max', value: '9' }];
    const isHeldByRoot = enabled('').includes('pids');
    if (!isUnified) {
      expect(ground.stateOf(`${root}/inner`, 'pids.max').refused).toMatchObject({ reason: 'not-in-hierarchy' });
      expect(() => control.plan(`${root}/inner`, changes, { enableControllers: true })).toThrow(
        problem('unsupported', 'pids.max', 'has no group'),
      );
      return;
    }
    expect(ground.stateOf(`${root}/inner`, 'pids.max').refused).toMatchObject({
      reason: 'not-delegated',
      text: expect.stringContaining('cgroup.subtree_control'),
    });
    expect(() => control.plan(`${root}/inner`, changes)).toThrow(problem('unsupported', 'pids.max', 'does not hand', 'pids'));
    const plan = control.plan(`${root}/inner`, changes, { enableControllers: true });
    expect(plan.steps.map(({ file, after }) => `${file.slice(point.length)} ${after}`)).toEqual([
      ...(isHeldByRoot ? [] : ['/cgroup.subtree_control +pids']),
      `${root}/cgroup.subtree_control +pids`,
      `${root}/inner/pids.max 9`,
    ]);
    expect(plan.warnings.some((warning) => warning.includes(root))).toBe(true);
    expect(enabled(root)).toEqual([]);
    control.apply(plan);
    expect(readFileSync(`${point}${root}/inner/pids.max`, 'utf8')).toBe('9\n');
  });

  test('where the change fails, controllers that it enabled are taken back', () => {
    mkdirSync(`${point}${root}/inner`);
    const changes = { 'pids.max': '9', 'cpu.max': '10000 100000', 'cpu.max.burst': '50000' };
    const code = isUnified ? 'invalid' : 'unsupported';
    const words = isUnified ? ['cpu.max.burst', 'EINVAL', 'put back'] : ['cannot be set'];
    expect(() => ground.set(`${root}/inner`, changes, { enableControllers: true })).toThrow(problem(code, ...words));
    expect(enabled(root)).toEqual([]);
  });

  test('"no internal processes" is named: of handing down, and of joining', async () => {
    mkdirSync(`${point}${root}/inner`);
    const child = await ground.startIn(root, 'echo in; exec sleep 60');
    if (!isUnified) {
      // Nothing to hand down, so nothing in the way.
      control.move(`${root}/inner`, [child.pid as number]);
      control.move(root, [child.pid as number]);
      expect(readFileSync(`${point}${root}/cgroup.procs`, 'utf8')).toBe(`${child.pid}\n`);
      return;
    }
    expect(() => control.plan(`${root}/inner`, [{ key: 'pids.max', value: '9' }], { enableControllers: true })).toThrow(
      problem('conflict', root, 'holds processes itself', 'cgroup.subtree_control', 'EBUSY', 'no internal processes'),
    );
    expect(() => control.create(`${root}/other`, ['pids'])).toThrow(problem('conflict', 'no internal processes'));
    expect(existsSync(`${point}${root}/other`)).toBe(false);
    control.move(`${root}/inner`, [child.pid as number]);
    writeFileSync(`${point}/cgroup.subtree_control`, '+pids');
    writeFileSync(`${point}${root}/cgroup.subtree_control`, '+pids');
    expect(() => control.move(root, [child.pid as number])).toThrow(problem('conflict', 'cgroup.procs', 'EBUSY', 'no internal processes'));
    expect(readFileSync(`${point}${root}/inner/cgroup.procs`, 'utf8')).toBe(`${child.pid}\n`);
  });

  test('threaded and domain-invalid groups are named', async () => {
    mkdirSync(`${point}${root}/threads`);
    mkdirSync(`${point}${root}/beside`);
    writeFileSync(`${point}${root}/threads/cgroup.type`, 'threaded');
    const child = await ground.startIn(root, 'echo in; exec sleep 60');
    expect(ground.stateOf(`${root}/threads`, 'cgroup.type').value).toBe('threaded');
    expect(() => control.move(`${root}/beside`, [child.pid as number])).toThrow(problem('conflict', 'EOPNOTSUPP', 'domain invalid'));
    control.move(`${root}/threads`, [child.pid as number], { threads: true });
    expect(readFileSync(`${point}${root}/threads/cgroup.threads`, 'utf8')).toBe(`${child.pid}\n`);
    const memory = (path: string) => ground.stateOf(path, 'memory.max').refused?.reason;
    expect(memory(`${root}/threads`)).toBe(isUnified ? 'threaded' : 'not-in-hierarchy');
    expect(() => ground.set(`${root}/beside`, { 'memory.max': '64M' }, { enableControllers: true })).toThrow(
      isUnified ? problem('conflict', 'memory') : problem('unsupported', 'memory.max'),
    );
  });

  test('the devices of a group are a program, replaced at once and read back from the kernel', () => {
    // Of the tree alone, as a host with nothing else sees it.
    const mountinfo = readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => line.includes(' - cgroup2 '))
      .join('\n');
    using hierarchies = openHierarchies(mountinfo);
    using tree: CgroupControl & Disposable = new HostCgroupControl(hierarchies);
    const state = () => tree.settings(root).find(({ key }) => key === 'devices');
    const change = (text: string) => tree.apply(tree.plan(root, [{ key: 'devices', value: text }]));
    const tries = (device: string) =>
      spawnSync('sh', ['-c', `echo 0 > "$1/cgroup.procs" && exec head -c 1 ${device}`, 'sh', `${point}${root}`]).status;
    expect(state()).toMatchObject({ value: 'allow a *:* rwm', files: [] });
    change('deny a\nallow c 1:3 rw\nallow c 1:9 r');
    expect(state()?.value).toBe('deny a *:* rwm\nallow c 1:3 rw\nallow c 1:9 r');
    expect([tries('/dev/null'), tries('/dev/urandom'), tries('/dev/zero')]).toEqual([0, 0, 1]);
    change('deny a\nallow c 1:* rwm');
    expect([tries('/dev/zero'), tries('/dev/tty')]).toEqual([0, 1]);
    change('allow a\ndeny c 1:5 r');
    expect([tries('/dev/null'), tries('/dev/zero')]).toEqual([0, 1]);
    change('allow a');
    expect(tries('/dev/zero')).toBe(0);
    expect(state()?.note).toBeUndefined();
  });
});
