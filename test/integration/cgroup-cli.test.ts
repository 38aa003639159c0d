import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CgroupGround } from '../support/cgroup-ground.ts';
import { cgroupMounts } from '../support/hand-cgroup.ts';
import { bulkhead, startInstance, type TestInstance } from '../support/instance.ts';
import { describeNeeds } from '../support/needs.ts';

describeNeeds(
  { root: true, userNamespaces: true, cgroup: 'any', controllers: ['cpu', 'pids', 'memory'], programs: ['perl'] },
  'bulkhead cgroup',
  () => {
    let instance: TestInstance;
    let ground: CgroupGround;
    let path: string;

    beforeAll(async () => {
      instance = await startInstance({ args: ['--no-web'] });
      ground = new CgroupGround();
      path = ground.root;
    });
    afterAll(async () => {
      await instance?.[Symbol.asyncDispose]();
      await ground?.[Symbol.asyncDispose]();
    });
    const run = (...args: string[]) => instance.run('cgroup', ...args);

    it('makes, sets, shows and removes a group', () => {
      expect(run('create', path, '-c', 'cpu,memory,pids')).toMatchObject({ code: 0 });
      const set = run('set', path, 'pids.max=77', 'cpu.weight=50', 'memory.max=64M');
      expect(set).toMatchObject({ code: 0, stderr: '' });
      expect(set.stdout).toMatch(/printf %s 77 > .*pids\.max/);
      expect(ground.read('pids', path, 'pids.max')).toBe('77');
      expect(run('get', path, 'pids.max').stdout).toBe('77\n');
      // A key of the vocabulary, whatever files the version has.
      expect(run('get', path, 'cpu.weight').stdout).toBe('50\n');
      const table = run('settings', path).stdout;
      expect(table).toMatch(/^memory\.max +limit +67108864 +0\.\.max +root$/m);
      expect(table).toMatch(/^pids\.max +limit +77 +0\.\.4194304 +root$/m);
      expect(run('rm', path, '--yes')).toMatchObject({ code: 0 });
      expect(ground.present()).toEqual([]);
    });

    it('tells a dry run, and does nothing of it', () => {
      run('create', path, '-c', 'pids');
      const told = run('set', path, 'pids.max=5', '--dry-run');
      expect(told).toMatchObject({ code: 0, stderr: '' });
      expect(told.stdout).toContain('pids.max: max → 5');
      expect(told.stdout).toContain('owner: plain');
      expect(ground.read('pids', path, 'pids.max')).toBe('max');
      expect(run('kill', '/', '--dry-run').stdout).toContain('protected: / must not be killed by a slip');
      run('rm', path, '--yes');
    });

    it.each([
      [['set', '/nothing-there', 'pids.max=5'], 1, 'there is no cgroup /nothing-there'],
      [['set', '/', 'pids.max'], 2, '"pids.max" is no SETTING=VALUE'],
      [['set', '/', 'cpu.wait=5'], 2, 'cpu.wait'],
      [['create', '/x/../y'], 2, 'must not contain'],
      [['create', '/x', '-c', 'gpu'], 2, '--controllers: there is no controller "gpu"'],
      [['kill', '/', '--yes'], 1, 'must not be killed by a slip'],
      [['freeze', '/init.scope', '--yes'], 1, 'must not be frozen by a slip'],
      [['move', '/', 'one'], 2, 'the process'],
      [['exec', '-g', 'nonsense', '--', 'true'], 2, '-g:'],
      [['exec', '-g', 'cpu:nothing-there', '--', 'true'], 1, 'nothing-there'],
      [['exec', '-g', 'cpu:/', '--', 'no-such-program'], 1, 'no program of that name'],
    ])('%j fails with %i and says why', (args, code, words) => {
      const outcome = run(...args);
      expect(outcome).toMatchObject({ code, stdout: '' });
      expect(outcome.stderr).toContain(words);
    });

    it('runs a command in a group, which is this very process, and passes its exit code on', () => {
      run('create', path, '-c', 'cpu,pids');
      const script = 'echo $$; cat /proc/self/cgroup; grep SigIgn /proc/self/status; read line; echo "got $line"; exit 7';
      const words = ['cgroup', 'exec', '-g', `cpu,pids:${path.slice(1)}`, '--', 'sh', '-c', script];
      const ran = bulkhead(words, { environment: { BULKHEAD_STATE_DIR: instance.stateDirectory }, input: 'hello\n' });
      expect(ran).toMatchObject({ code: 7, stderr: '' });
      expect(ran.stdout).toContain('got hello');
      const memberships = ran.stdout.split('\n').filter((line) => /^\d+:/.test(line));
      const isIn = (controller: string) =>
        memberships.some(
          (line) => line.endsWith(`:${path}`) && (line.startsWith('0::') || line.split(':')[1]?.split(',').includes(controller)),
        );
      expect([isIn('cpu'), isIn('pids')]).toEqual([true, true]);
      // Nothing is ignored that a shell would not have ignored.
      expect(ran.stdout).toMatch(/^SigIgn:\s+0000000000000000$/m);
      run('rm', path, '--yes');
    });

    it('runs a command with the open files, umask and environment that its caller had, which ours are not', () => {
      run('create', path, '-c', 'cpu,pids');
      const program = join(import.meta.dirname, '../../bulkhead');
      const script = 'echo "$0 $(ulimit -Sn) $(ulimit -Hn) $(umask)"; env | grep -E "NODE|BULKHEAD" | sort';
      const words = ['cgroup', 'exec', '-g', `cpu,pids:${path}`, '--', 'sh', '-c', script];
      const caller = 'ulimit -Sn 77; ulimit -Hn 4000; umask 037; exec "$0" "$@"';
      const environment = { PATH: process.env.PATH, BULKHEAD_STATE_DIR: instance.stateDirectory, NODE_PATH: '/mine' };
      const ran = spawnSync('sh', ['-c', caller, program, ...words], { env: environment, encoding: 'utf8' });
      expect(ran).toMatchObject({ status: 0, stderr: '' });
      expect(ran.stdout).toBe(`sh 77 4000 0037\nBULKHEAD_STATE_DIR=${instance.stateDirectory}\nNODE_PATH=/mine\n`);
      run('rm', path, '--yes');
    });

    it('sorts processes that run into groups by controller', async () => {
      run('create', path, '-c', 'cpu,pids');
      const child = spawn('sleep', ['600'], { stdio: 'ignore' });
      expect(run('classify', '-g', `pids:${path}`, String(child.pid))).toMatchObject({ code: 0 });
      expect(ground.read('pids', path, 'cgroup.procs')).toBe(String(child.pid));
      const ended = new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)));
      expect(run('kill', path, '--yes')).toMatchObject({ code: 0 });
      expect(await ended).toBe('SIGKILL');
      run('rm', path, '--yes');
      for (const { point } of cgroupMounts()) if (existsSync(`${point}${path}`)) rmdirSync(`${point}${path}`);
    });

    it('lists controllers as they are mounted', () => {
      const lines = run('controllers', '-m').stdout.trim().split('\n');
      const legacy = cgroupMounts().filter(({ type }) => type === 'cgroup');
      for (const { point } of legacy) expect(lines.some((line) => line.endsWith(` ${point}`))).toBe(true);
      if (legacy.length === 0)
        expect(lines.map((line) => line.split(' ')[0]).sort()).toEqual(
          readFileSync('/sys/fs/cgroup/cgroup.controllers', 'utf8').trim().split(' ').sort(),
        );
      expect(run('controllers').stdout.split('\n')).toContain('cpu');
    });

    it('changes limits of a container while it runs', () => {
      instance.run('run', '-d', '--name', 'live', '--pids', '50', '--', 'sleep', '600');
      expect(instance.run('update', 'live', '--pids', '70', '--memory', '64M')).toMatchObject({ code: 0, stdout: 'live\n' });
      const [detail] = JSON.parse(instance.run('inspect', 'live').stdout) as [{ limits: object; drift: object[]; cgroupPath: string }];
      expect(detail).toMatchObject({ limits: { pidsMax: 70, memoryMaxBytes: 67_108_864 }, drift: [] });
      expect(ground.read('pids', `/${detail.cgroupPath}`, 'pids.max')).toBe('70');
      expect(run('set', `/${detail.cgroupPath}`, 'pids.max=60', '--force')).toMatchObject({ code: 0 });
      expect(instance.run('inspect', 'live').stdout).toContain('"found": "60"');
      expect(instance.run('update', 'live')).toMatchObject({ code: 2, stderr: expect.stringContaining('nothing to change') });
      instance.run('rm', '-f', 'live');
      expect(instance.run('update', 'live', '--pids', '5')).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('no container live'),
      });
    });
  },
);
