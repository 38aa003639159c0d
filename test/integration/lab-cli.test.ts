import { execFileSync } from 'node:child_process';
import type { Lab, LabRun } from '@bulkhead/model';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { cgroupMounts } from '../support/hand-cgroup.ts';
import { ended, eventually, startBulkhead, startInstance, type TestInstance } from '../support/instance.ts';
import { describeNeeds } from '../support/needs.ts';

const controllers = ['cpu', 'cpuset', 'memory', 'pids'] as const;

describeNeeds({ root: true, userNamespaces: true, cgroup: 'any', controllers, programs: ['find', 'script'] }, 'bulkhead lab', () => {
  let instance: TestInstance;

  beforeAll(async () => {
    instance = await startInstance({ args: ['--no-web'] });
  });
  afterAll(async () => {
    await instance?.[Symbol.asyncDispose]();
  });

  const expectNothingLeft = () => {
    for (const { point } of cgroupMounts())
      expect(execFileSync('find', [point, '-type', 'd', '-path', `*/bulkhead-${instance.instance}/lab*`], { encoding: 'utf8' })).toBe('');
  };

  it('lists the labs, as a table and as JSON', () => {
    const table = instance.run('lab');
    expect(table.code).toBe(0);
    expect(table.stdout.split('\n')[0]).toMatch(/^LAB +USE +SECONDS +STATE +SHOWS$/);
    expect(table.stdout).toMatch(/^shares +prioritise +10 +ready /m);
    const list = JSON.parse(instance.run('lab', 'ls', '--json').stdout) as Lab[];
    expect(list.map(({ kind }) => kind)).toContain('account');
    expect(list[0]?.words[0]).toMatchObject({ v1: ['cpu.shares'], v2: ['cpu.weight'] });
  });

  it('carries one out: every write as a command, the verdict, exit code 0, nothing left', { retry: 3 }, () => {
    const { code, stdout } = instance.run('lab', 'shares', '--seconds', '5');
    expect({ code, stdout }).toMatchObject({ code: 0 });
    expect(stdout).toMatch(/ {2}# echo .*200.* > \/sys\/fs\/cgroup\/\S+\/cpu\.(?:shares|weight)$|# echo 20 > \/\S+\/cpu\.weight$/m);
    expect(stdout).toMatch(/^passed {2}share of the group with 200 shares +20\.00 % ± 2 points +(?:1[89]|2[012])\.\d\d %$/m);
    expect(stdout).toContain('Everything came out as expected. Nothing of it is left.');
    // Into a pipe go lines, no drawing.
    expect(stdout).not.toContain('\x1b');
    expectNothingLeft();
  });

  it('prints the whole run as JSON', () => {
    const { code, stdout } = instance.run('lab', 'memory', '--seconds', '55', '--json');
    const run = JSON.parse(stdout) as LabRun;
    expect(code).toBe(run.outcome === 'passed' ? 0 : 1);
    expect(run).toMatchObject({ lab: 'memory', state: 'ended', outcome: 'passed' });
    expect(run.points.length).toBeGreaterThan(3);
  });

  it('draws live bars in a terminal', () => {
    const words = [...instance.commandLine, 'lab', 'freeze', '--seconds', '1', '--state-dir', instance.stateDirectory];
    const drawn = execFileSync('script', ['--quiet', '--return', '--command', words.join(' '), '/dev/null'], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH ?? '' },
    });
    expect(drawn).toMatch(/used +█+.* 0\.\d{3} CPUs|used +█+.* 1\.0\d\d CPUs/);
    expect(drawn).toMatch(/used +·+ 0\.000 CPUs/);
    expect(drawn).toContain('\x1b[1A\x1b[J');
  });

  it('stops at Ctrl-C, says so, ends with 1, and leaves nothing', async () => {
    const child = startBulkhead(['lab', 'shares', '--seconds', '30', '--state-dir', instance.stateDirectory]);
    await eventually('both loops to run', () => child.output().includes('both want the CPU'));
    expect(instance.run('lab', 'pids')).toMatchObject({ code: 1, stderr: expect.stringContaining('the lab shares is running') });
    const begin = performance.now();
    child.kill('SIGINT');
    expect(await ended(child)).toBe(1);
    expect(performance.now() - begin).toBeLessThan(3000);
    expect(child.output()).toContain('It was stopped. Nothing of it is left.');
    expectNothingLeft();
    expect(instance.run('lab', 'stop').stdout).toBe('No lab is running.\n');
  });

  it('is stopped from elsewhere', async () => {
    const child = startBulkhead(['lab', 'freeze', '--seconds', '30', '--state-dir', instance.stateDirectory]);
    await eventually('it to stand still', () => child.output().includes('it stands still'));
    expect(instance.run('lab', 'stop').stdout).toMatch(/^freeze \([0-9a-f]{4}\) is stopped, and nothing of it is left\.$/m);
    expectNothingLeft();
    expect(await ended(child)).toBe(1);
  });

  it('tells what is wrong with the words, and ends with 2', () => {
    expect(instance.run('lab', 'shares', '--seconds', 'ten')).toMatchObject({ code: 2, stderr: expect.stringContaining('--seconds') });
    expect(instance.run('lab', 'shares', '--seconds', '51')).toMatchObject({ code: 2, stderr: expect.stringContaining('2 to 50 seconds') });
    expect(instance.run('lab', 'reboot').code).toBe(2);
  });
});
