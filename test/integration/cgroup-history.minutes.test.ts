import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CgroupHistoryPoint, CgroupTree, ControlRouter, StorageReport } from '@bulkhead/api';
import type { CgroupFile } from '@bulkhead/model';
import { createTRPCClient } from '@trpc/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { unixSocketLink } from '../../apps/cli/src/client/unix-socket-link.ts';
import { cgroupMounts, HandCgroup } from '../support/hand-cgroup.ts';
import { eventually, startInstance, type TestInstance } from '../support/instance.ts';
import { describeNeeds } from '../support/needs.ts';

const minuteMsec = 60_000;
const nextMinute = async () => {
  const begin = Math.floor(Date.now() / minuteMsec);
  while (Math.floor(Date.now() / minuteMsec) === begin) await sleep(100);
};

describeNeeds({ root: true, userNamespaces: true, cgroup: 'any' }, 'history of cgroups', () => {
  let instance: TestInstance;
  let own: string;
  let made: HandCgroup;
  // Some of a processor, since others work at the same time, and now in one process and now in two: their mean is no whole number.
  const busy = spawn('sh', ['-c', 'while :; do i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; sleep 0.1; done'], { stdio: 'ignore' });

  beforeAll(async () => {
    instance = await startInstance({ environment: { BULKHEAD_RETENTION_MINUTE_DAYS: '20' } });
    own = `/test-${instance.instance}`;
    made = new HandCgroup(`${own}/busy`);
    made.join(busy.pid ?? 0);
  }, 200_000);
  afterAll(async () => {
    busy.kill('SIGKILL');
    await sleep(200);
    for (const { point } of cgroupMounts())
      if (own !== undefined && existsSync(`${point}${own}`))
        execFileSync('find', [`${point}${own}`, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', '+']);
    await instance?.[Symbol.asyncDispose]();
  }, 60_000);

  const client = () =>
    createTRPCClient<ControlRouter>({ links: [unixSocketLink({ socketPath: instance.paths.controlSocket, basePath: '' })] });
  /** What the dashboard's chart of 24 hours asks for, but every minute of it. */
  const points = async (): Promise<CgroupHistoryPoint[]> => {
    const to = Date.now();
    return await client().cgroup.history.query({
      path: `${own}/busy`,
      from: new Date(to - 60 * minuteMsec).toISOString(),
      to: new Date(to).toISOString(),
    });
  };
  const day = async (): Promise<CgroupHistoryPoint[]> => {
    const to = Date.now();
    return await client().cgroup.history.query({
      path: `${own}/busy`,
      from: new Date(to - 1440 * minuteMsec).toISOString(),
      to: new Date(to).toISOString(),
    });
  };
  /** While the database or the dashboard is being started again. What the answer itself is refused for is told at once. */
  const ifAway = (failure: unknown): [] => {
    if ((failure as { data?: { problem?: string } }).data?.problem === 'invalid') throw failure;
    return [];
  };
  const hasPoint = (atMsec: number) =>
    eventually(
      `a point of ${new Date(atMsec).toISOString()}`,
      async () => (await points().catch(ifAway)).find(({ at }) => Date.parse(at) === atMsec),
      20_000,
    );

  it('goes on through kill -9 of agent, collector and database, with nothing lost and nothing twice', async () => {
    await nextMinute();
    const first = Math.floor(Date.now() / minuteMsec) * minuteMsec;
    await nextMinute();
    const before = await hasPoint(first);
    expect(before.cpuMillis).toBeGreaterThan(50);
    expect(before.cpuMillisMost).toBeGreaterThanOrEqual(before.cpuMillis ?? Number.POSITIVE_INFINITY);
    expect(before.stepSeconds).toBe(60);
    for (const service of ['collector', 'agent', 'database'] as const) process.kill(instance.pidOf(service), 'SIGKILL');
    const third = Math.floor(Date.now() / minuteMsec) * minuteMsec + minuteMsec;
    await nextMinute();
    await nextMinute();
    await hasPoint(third);
    const all = await points();
    expect(all).toContainEqual(before);
    const times = all.map(({ at }) => at);
    expect(new Set(times).size).toBe(times.length);
    expect(times).toEqual(times.toSorted());
    // The minute in which all of them died has what was measured of it.
    expect(times.filter((at) => Date.parse(at) >= first)).toHaveLength(3);
    const chart = await day();
    expect(chart.length).toBeGreaterThan(0);
    for (const point of chart) expect(point).toMatchObject({ stepSeconds: 300, cpuMillis: expect.any(Number) });
  }, 400_000);

  it('is told with its size, and kept as long as was set', async () => {
    const { code, stdout, stderr } = instance.run('host', 'storage', '--json');
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const report = JSON.parse(stdout) as StorageReport;
    expect(report.retention).toEqual({ minuteDays: 20, hourMonths: 13 });
    const table = report.tables.find(({ name }) => name === 'cgroup_minute');
    expect(Number(table?.rows)).toBeGreaterThanOrEqual(3);
    expect(Number(table?.bytes)).toBeGreaterThan(8000);
    expect(Number(report.databaseBytes)).toBeGreaterThan(report.tables.reduce((sum, { bytes }) => sum + Number(bytes), 0));
    expect(Number(report.journalBytes)).toBeGreaterThan(0);
    expect(instance.run('host', 'storage').stdout).toMatch(/^cgroup_minute +\d+K +\d+$/m);
  });

  it('begins on the command line: every cgroup, its tree and its files', () => {
    const list = instance.run('cgroup', 'ls', '--sort', 'cpu');
    expect(list.code).toBe(0);
    expect(list.stdout).toMatch(new RegExp(`^${own}/busy +\\d\\.\\d{3} +`, 'm'));
    const { cgroups } = JSON.parse(instance.run('cgroup', 'tree', own, '--json').stdout) as CgroupTree;
    expect(cgroups.map(({ path }) => path)).toEqual([own, `${own}/busy`]);
    expect(instance.run('cgroup', 'tree', own).stdout).toMatch(new RegExp(`^${own} .*\\n {2}busy `, 'm'));
    const pidsMax = made.file('pids.max');
    expect(instance.run('cgroup', 'get', `${own}/busy`, 'pids.max').stdout).toBe(readFileSync(pidsMax, 'utf8'));
    const files = JSON.parse(instance.run('cgroup', 'get', `${own}/busy`, 'pids.max', '--json').stdout) as CgroupFile[];
    expect(files).toEqual([{ name: 'pids.max', path: pidsMax, content: 'max\n' }]);
    expect(instance.run('cgroup', 'get', `${own}/busy`).stdout).toMatch(/^pids\.max: max$/m);
    expect(instance.run('cgroup', 'get', `${own}/none`)).toMatchObject({ code: 1, stderr: expect.stringContaining('there is no cgroup') });
    expect(instance.run('cgroup', 'get', `${own}/busy`, 'nonsense')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('nonsense'),
    });
    expect(instance.run('cgroup', 'get', 'no-slash')).toMatchObject({ code: 2, stderr: expect.stringContaining('must begin with /') });
  });
});
