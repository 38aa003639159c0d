import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { EventMonitor, type GroupHappening, openHierarchies, walkTree } from '@bulkhead/cgroup';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { boundMsec } from '../support/emulation.ts';
import { cgroupMounts, HandCgroup } from '../support/hand-cgroup.ts';
import { HandCgroups } from '../support/hand-cgroups.ts';
import { describeNeeds } from '../support/needs.ts';
import { oomMessagesInFull } from '../support/oom-messages.ts';

const mebibyte = 1024 ** 2;
const isUnified = cgroupMounts().every(({ type }) => type === 'cgroup2');

describeNeeds(
  { root: true, cgroup: 'any', controllers: ['memory', 'pids'] },
  'what the kernel tells of cgroups made by hand',
  () => {
    let hierarchies: ReturnType<typeof openHierarchies>;
    let monitor: EventMonitor;
    let told: { happening: GroupHappening; atMsec: number }[];
    const name = () => `test-${randomBytes(3).toString('hex')}`;

    beforeEach(() => {
      hierarchies = openHierarchies();
      told = [];
      monitor = new EventMonitor({ hierarchies, onHappening: (happening) => told.push({ happening, atMsec: performance.now() }) });
      for (const [path, present] of walkTree(hierarchies, 20_000).groups) monitor.add(path, present);
    });
    afterEach(() => {
      monitor[Symbol.dispose]();
      hierarchies[Symbol.dispose]();
    });

    const presentOf = (path: string) => hierarchies.all.filter((each) => each.exists(path));
    const take = (path: string) => monitor.add(path.slice(1), presentOf(path.slice(1)));
    const arm = (path: string, more: { memoryMaxBytes?: number; pressure?: boolean } = {}) =>
      monitor.arm(path.slice(1), { told: 'now', pressure: false, ...more });
    const of = (path: string, kind: GroupHappening['kind']) =>
      told.filter(({ happening }) => happening.path === path.slice(1) && happening.kind === kind);
    const until = async (isReached: () => boolean, limitMsec = 5000): Promise<void> => {
      for (const end = performance.now() + boundMsec(limitMsec); !isReached() && performance.now() < end; ) await sleep(5);
    };
    /** A shell in the group, whose command follows. */
    const runIn = (group: HandCgroup, command: string) =>
      spawn('sh', ['-c', `read go; ${command}`], { stdio: ['pipe', 'ignore', 'ignore'] }).on('spawn', function (this: { pid?: number }) {
        group.join(this.pid as number);
      });
    const go = async (child: ReturnType<typeof runIn>): Promise<void> => {
      await sleep(50);
      child.stdin?.end('\n');
    };
    const over = (child: ReturnType<typeof runIn>) => new Promise((resolve) => child.once('exit', resolve));
    const limitMemory = (group: HandCgroup, bytes: number): void => {
      writeFileSync(group.file('memory.limit_in_bytes', 'memory.max'), String(bytes));
      for (const swap of ['memory.swap.max', 'memory.memsw.limit_in_bytes'])
        try {
          writeFileSync(group.file(swap), swap === 'memory.swap.max' ? '0' : String(bytes));
        } catch {
          // No swap accounting: then nothing is swapped here either.
        }
    };

    it('an OOM kill is told within a second, of whom, and of the group whose limit it was', async () => {
      if (existsSync('/dev/kmsg')) await oomMessagesInFull(1);
      await using group = new HandCgroup(`/${name()}`);
      limitMemory(group, 32 * mebibyte);
      take(group.path);
      arm(group.path, { memoryMaxBytes: 32 * mebibyte });
      const child = runIn(group, 'exec tail /dev/zero');
      const ended = over(child);
      await go(child);
      await ended;
      const killedMsec = performance.now();
      await until(() => of(group.path, 'oom-killed').length > 0);
      const [first] = of(group.path, 'oom-killed');
      expect(first?.happening).toMatchObject({ kind: 'oom-killed', count: 1, total: 1 });
      expect((first?.atMsec ?? Number.POSITIVE_INFINITY) - killedMsec).toBeLessThan(boundMsec(1000));
      if (existsSync('/dev/kmsg'))
        expect(first?.happening).toMatchObject({ victims: [{ pid: child.pid, command: 'tail', limitPath: group.path }] });
      expect(monitor.counts(group.path.slice(1)).oomKills).toBe(1);
    });

    it('a kill below two groups that are listened to is told of the inner one alone', async () => {
      const top = `/${name()}`;
      await using outer = new HandCgroup(top);
      await using inner = new HandCgroup(`${top}/inner`);
      await using leaf = new HandCgroup(`${top}/inner/leaf`);
      limitMemory(outer, 64 * mebibyte);
      limitMemory(inner, 16 * mebibyte);
      for (const { path } of [outer, inner, leaf]) take(path);
      for (const { path } of [outer, inner]) arm(path);
      const child = runIn(leaf, 'exec tail /dev/zero');
      const ended = over(child);
      await go(child);
      await ended;
      await until(() => of(inner.path, 'oom-killed').length > 0);
      await sleep(1200);
      expect(of(inner.path, 'oom-killed')).toHaveLength(1);
      expect(of(outer.path, 'oom-killed')).toEqual([]);
      monitor.check(outer.path.slice(1));
      expect(monitor.counts(outer.path.slice(1)).oomKills).toBe(1);
    });

    it('a storm of kills is told as a few with their number, none lost and none twice', async () => {
      await using group = new HandCgroup(`/${name()}`);
      limitMemory(group, 16 * mebibyte);
      take(group.path);
      arm(group.path);
      const kills = 12;
      const child = runIn(group, `for each in $(seq ${kills}); do tail /dev/zero; done`);
      const ended = over(child);
      await go(child);
      await ended;
      const sum = () =>
        of(group.path, 'oom-killed').reduce((all, { happening }) => all + (happening.kind === 'oom-killed' ? happening.count : 0), 0);
      const counted = () => Number(/oom_kill (\d+)/.exec(group.read('memory.oom_control', 'memory.events'))?.[1]);
      await until(() => sum() >= counted());
      expect(counted()).toBeGreaterThanOrEqual(kills);
      expect(sum()).toBe(counted());
    });

    it('a refused fork is told within two seconds, further ones with their number', async () => {
      await using group = new HandCgroup(`/${name()}`);
      writeFileSync(group.file('pids.max'), '8');
      take(group.path);
      arm(group.path);
      const child = runIn(group, 'for each in $(seq 12); do sleep 3 & done; wait');
      const ended = over(child);
      await go(child);
      const begun = performance.now();
      const stepping = setInterval(() => monitor.step(), 1000);
      await until(() => of(group.path, 'pids-refused').length > 0);
      clearInterval(stepping);
      const [first] = of(group.path, 'pids-refused');
      expect(first?.happening).toMatchObject({ kind: 'pids-refused' });
      expect((first?.atMsec ?? Number.POSITIVE_INFINITY) - begun).toBeLessThan(boundMsec(2000));
      for (const pid of group.read('cgroup.procs').split('\n').filter(Boolean)) process.kill(Number(pid), 'SIGKILL');
      await ended;
      monitor.check(group.path.slice(1));
      const sum = of(group.path, 'pids-refused').reduce(
        (all, { happening }) => all + (happening.kind === 'pids-refused' ? happening.count : 0),
        0,
      );
      expect(sum).toBe(Number(/max (\d+)/.exec(group.read('pids.events'))?.[1]));
    });

    it('pressure is told by what the version has for it: thresholds and levels of memory on 1, stalls on 2', async () => {
      await using group = new HandCgroup(`/${name()}`);
      take(group.path);
      if (isUnified) {
        writeFileSync(group.file('cpu.max'), '10000 100000');
        arm(group.path, { pressure: true });
        expect(monitor.hasPressure(group.path.slice(1))).toBe(true);
        const child = runIn(group, 'while :; do :; done');
        const ended = over(child);
        await go(child);
        await until(() => of(group.path, 'pressure').length > 0, 10_000);
        child.kill('SIGKILL');
        await ended;
        expect(of(group.path, 'pressure')[0]?.happening).toMatchObject({ resource: 'cpu' });
        return;
      }
      const limit = 32 * mebibyte;
      limitMemory(group, limit);
      arm(group.path, { memoryMaxBytes: limit });
      expect(monitor.hasPressure(group.path.slice(1))).toBe(false);
      await monitor.settled();
      // 95 % and no more: a tmpfs file is memory of whoever wrote it, and is not reclaimed.
      const file = `/dev/shm${group.path}`;
      const child = runIn(group, `dd if=/dev/zero of=${file} bs=64k count=${Math.round((limit * 0.96) / 65_536)}; read stop`);
      const ended = over(child);
      await sleep(50);
      child.stdin?.write('\n');
      await until(() => of(group.path, 'memory-threshold').length > 0);
      rmSync(file, { force: true });
      child.stdin?.end('\n');
      await ended;
      const [crossed] = of(group.path, 'memory-threshold');
      expect(crossed?.happening).toMatchObject({ thresholdBytes: Math.floor((limit * 0.95) / 4096) * 4096 });
      expect(of(group.path, 'oom-killed')).toEqual([]);
      const hog = runIn(group, 'exec tail /dev/zero');
      const killed = over(hog);
      await go(hog);
      await killed;
      await until(() => of(group.path, 'memory-level').length > 0);
      expect(of(group.path, 'memory-level')[0]?.happening).toMatchObject({ level: 'critical' });
    });

    it('a thousand groups are listened to with a bounded number of descriptors and next to no time', async () => {
      using groups = new HandCgroups(1000);
      const limit = isUnified ? 'memory.max' : 'memory.limit_in_bytes';
      const placed = [...walkTree(hierarchies, 20_000).groups].filter(([path]) => path.startsWith(groups.root));
      for (const [path, present] of placed) monitor.add(path, present);
      const before = monitor.cost;
      const open = () => Number(execFileSync('sh', ['-c', `ls /proc/${process.pid}/fd | wc -l`], { encoding: 'utf8' }));
      const openBefore = open();
      const begun = performance.now();
      const cpuBegun = process.cpuUsage();
      for (const [path, present] of placed) {
        if (!groups.has(path)) continue;
        const memory = present.find((each) => each.exists(`${path}/${limit}`));
        memory?.write(path, limit, String(64 * mebibyte));
        monitor.arm(path, { told: 'now', pressure: true, memoryMaxBytes: undefined });
      }
      const armedMsec = performance.now() - begun;
      const { descriptors, groups: armed, watches } = monitor.cost;
      expect(armed - before.groups).toBe(1000);
      expect(descriptors).toBeLessThanOrEqual(2048);
      expect(open() - openBefore).toBeLessThanOrEqual(2048);
      // Processor time: how long the clock says depends on who else wants one.
      const arming = process.cpuUsage(cpuBegun);
      expect((arming.user + arming.system) / 1000).toBeLessThan(boundMsec(1500));
      const cpuBefore = process.cpuUsage();
      for (let second = 0; second < 3; second += 1) {
        await sleep(1000);
        monitor.step();
      }
      const { user, system } = process.cpuUsage(cpuBefore);
      // Of all this process did in three seconds.
      expect((user + system) / 3e6).toBeLessThan(isUnified ? 0.2 : 0.05);
      console.info(
        `armed 1,000 groups in ${armedMsec.toFixed(0)} ms: ${descriptors - before.descriptors} descriptors, ${watches - before.watches} watches, ${(((user + system) / 3e6) * 100).toFixed(2)} % of a core at rest`,
      );
    });

    it('what is listened to is let go with the group', async () => {
      const before = monitor.cost;
      {
        await using group = new HandCgroup(`/${name()}`);
        take(group.path);
        arm(group.path, { pressure: true, memoryMaxBytes: 32 * mebibyte });
        await monitor.settled();
        expect(monitor.cost.descriptors + monitor.cost.watches).toBeGreaterThan(before.descriptors + before.watches);
        monitor.remove(group.path.slice(1));
      }
      expect(monitor.cost).toEqual(before);
    });
  },
  { retry: 1 },
);
