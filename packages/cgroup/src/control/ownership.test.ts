import { type CgroupVerb, cgroupText, type Maker, tellCgroup } from '@bulkhead/model';
import { describe, expect, test } from 'vitest';
import { type OwnedChange, ownerCommand, shellWord, unitOf } from './owner-command.ts';
import { ownershipOf } from './ownership.ts';
import { protectionsOf, starvation, type VitalGroup } from './protection.ts';

const id = '0123456789abcdef'.repeat(4);
const systemd: Maker = { runtime: 'systemd', externalId: 'nginx.service', name: 'nginx.service' };
const docker: Maker = { runtime: 'docker', externalId: id, name: id.slice(0, 12) };
const plain: Maker = { runtime: 'plain', name: 'lesscpu' };
const ours: Maker = { runtime: 'bulkhead', externalId: '0123456789abcdef', name: 'web', containerId: '0123456789abcdef', tenantId: 'acme' };

const set = (maker: Maker, path: string, ...changes: OwnedChange[]) => ownerCommand(maker, path, 'set', changes);
const change = (key: string, value: string): OwnedChange => ({ key, value });

describe("the owner's own command", () => {
  test.each<[string, string, string]>([
    ['cpu.weight', '50', 'CPUWeight=50'],
    ['cpu.idle', '1', 'CPUWeight=idle'],
    ['cpu.max', '50000 100000', 'CPUQuota=50%'],
    ['cpu.max', '12500 50000', 'CPUQuota=25% CPUQuotaPeriodSec=50000us'],
    ['cpu.max', 'max 100000', 'CPUQuota='],
    ['cpuset.cpus', '0-1', 'AllowedCPUs=0-1'],
    ['memory.max', '67108864', 'MemoryMax=67108864'],
    ['memory.high', 'max', 'MemoryHigh=infinity'],
    ['memory.swap.max', '0', 'MemorySwapMax=0'],
    ['pids.max', 'max', 'TasksMax=infinity'],
    ['io.weight', '200\n8:0 50', "IOWeight=200 'IODeviceWeight=/dev/block/8:0 50'"],
    ['io.max', '8:0 rbps=1048576 wiops=max', "'IOReadBandwidthMax=/dev/block/8:0 1048576' 'IOWriteIOPSMax=/dev/block/8:0 infinity'"],
    ['devices', 'deny a *:* rwm\nallow c 1:3 rw', "DevicePolicy=strict DeviceAllow= 'DeviceAllow=/dev/char/1:3 rw'"],
  ])('of systemd for %s %s', (key, value, properties) => {
    expect(set(systemd, '/system.slice/nginx.service', change(key, value))).toEqual({
      command: `systemctl set-property --runtime nginx.service ${properties}`,
      unknown: [],
    });
  });

  test('of systemd is that of the manager which has the unit, and names what it has no property for', () => {
    const path = '/user.slice/user-1000.slice/user@1000.service/app.slice/editor.service';
    expect(set(systemd, path, change('cpu.weight', '10'), change('cpu.max.burst', '100'))).toEqual({
      command: 'systemctl --user -M 1000@ set-property --runtime editor.service CPUWeight=10',
      unknown: ['cpu.max.burst'],
    });
    expect(unitOf('/')).toEqual({ unit: '-.slice', manager: [] });
    expect(unitOf('/system.slice/a.service/inner/deeper').unit).toBe('a.service');
    expect(set(systemd, '/x.service', change('net_cls.classid', '10:1'))).toEqual({ unknown: ['net_cls.classid'] });
  });

  test('of a unit whose name is escaped is one word for the shell', () => {
    const maker: Maker = { runtime: 'systemd', externalId: 'dev-disk\\x2dby.swap', name: 'x' };
    expect(ownerCommand(maker, '/system.slice/dev-disk\\x2dby.swap', 'freeze').command).toBe("systemctl freeze 'dev-disk\\x2dby.swap'");
    expect(shellWord("it's")).toBe("'it'\\''s'");
  });

  test.each<[CgroupVerb, string, string]>([
    ['freeze', 'systemctl freeze nginx.service', `docker pause ${id}`],
    ['thaw', 'systemctl thaw nginx.service', `docker unpause ${id}`],
    ['kill', 'systemctl kill --signal=KILL nginx.service', `docker kill ${id}`],
    ['remove', 'systemctl stop nginx.service', `docker rm --force ${id}`],
  ])('to %s', (verb, bySystemd, byDocker) => {
    expect(ownerCommand(systemd, '/system.slice/nginx.service', verb).command).toBe(bySystemd);
    expect(ownerCommand(docker, `/docker/${id}`, verb).command).toBe(byDocker);
  });

  test('of container engines', () => {
    const limits = [change('cpu.max', '50000 100000'), change('memory.max', '67108864'), change('pids.max', '100')];
    const options = `--cpu-period 100000 --cpu-quota 50000 --memory 67108864b --pids-limit 100`;
    expect(set(docker, `/docker/${id}`, ...limits).command).toBe(`docker update ${options} ${id}`);
    expect(set({ ...docker, runtime: 'podman' }, '/x', ...limits).command).toBe(`podman update ${options} ${id}`);
    expect(set({ ...docker, runtime: 'containerd' }, '/x', change('cpu.weight', '20')).command).toBe(
      `nerdctl update --cpu-shares 205 ${id}`,
    );
    expect(set({ ...docker, runtime: 'cri-o' }, '/x', change('cpu.weight', '20')).command).toBe(`crictl update --cpu-share 205 ${id}`);
    expect(set({ runtime: 'lxc', externalId: 'box', name: 'box' }, '/lxc.payload.box', change('pids.max', '5')).command).toBe(
      'lxc-cgroup -n box pids.max 5',
    );
  });

  test('of containers of this instance', () => {
    expect(
      set(ours, '/bulkhead-abc/acme/0123456789abcdef', change('memory.max', '67108864'), change('cpu.max', '50000 100000')).command,
    ).toBe('./bulkhead update --memory 67108864 --cpus 0.5 web');
    expect(ownerCommand(ours, '/x', 'kill').command).toBe('./bulkhead kill web');
  });

  test('is none where there is no owner', () => {
    expect(set(plain, '/lesscpu', change('cpu.weight', '20'))).toEqual({ unknown: [] });
  });
});

describe('ownership', () => {
  const facts = { vital: [], use: {} };
  test('of a unit: who, what will be overwritten, and that it wants to be confirmed', () => {
    const told = ownershipOf({
      ...facts,
      maker: systemd,
      path: '/system.slice/nginx.service',
      verb: 'set',
      changes: [change('cpu.weight', '50')],
    });
    expect(told).toMatchObject({
      foreign: true,
      confirm: true,
      command: expect.stringContaining('set-property'),
      protections: [],
      unknownToOwner: [],
    });
    expect(told.overwritten).toContain('daemon-reload');
  });

  test('of a group of nobody: limits as they are asked for, ending or stopping what is in it only when confirmed', () => {
    const of = (verb: CgroupVerb) => ownershipOf({ ...facts, maker: plain, path: '/lesscpu', verb });
    expect(of('set')).toMatchObject({ foreign: true, confirm: false });
    for (const verb of ['kill', 'remove', 'freeze'] as const) expect(of(verb).confirm, verb).toBe(true);
    expect(of('set').overwritten).toBeUndefined();
    const root: Maker = { runtime: 'kernel', name: '/' };
    expect(ownershipOf({ ...facts, maker: root, path: '/lesscpu', verb: 'create' }).confirm).toBe(false);
  });

  test("of a container of this instance: through the container's own commands", () => {
    const told = ownershipOf({ ...facts, maker: ours, path: '/bulkhead-abc/acme/0123456789abcdef', verb: 'kill' });
    expect(told).toMatchObject({ foreign: false, confirm: false });
    expect(told.protections).toEqual([expect.stringContaining('./bulkhead kill web')]);
    const other = ownershipOf({
      ...facts,
      maker: { ...ours, containerId: undefined, instance: 'def' } as unknown as Maker,
      path: '/bulkhead-def',
      verb: 'kill',
    });
    expect(other).toMatchObject({ foreign: true, confirm: true, protections: [] });
  });
});

describe('protection', () => {
  const vital: VitalGroup[] = [
    { path: '/', why: cgroupText('vital.host') },
    { path: '/init.scope', why: cgroupText('vital.first') },
    { path: '/system.slice/bulkhead-abc.scope/services', why: cgroupText('vital.service', { name: 'agent' }) },
  ];
  const use = { memoryBytes: 100_000_000, pids: 40, cpuMillis: 250 };
  const of = (verb: CgroupVerb, path: string, ...changes: OwnedChange[]) =>
    protectionsOf(verb, path, changes, { vital, use }).map((text) => tellCgroup(text, 'en'));

  test.each(['freeze', 'kill', 'remove'] as const)('no slip may %s a vital group, nor a group above it', (verb) => {
    for (const path of [
      '/',
      '/init.scope',
      '/system.slice/bulkhead-abc.scope/services',
      '/system.slice/bulkhead-abc.scope',
      '/system.slice',
    ])
      expect(of(verb, path), path).toHaveLength(1);
    for (const path of ['/user.slice', '/init.scope2', '/system.slice/bulkhead-abc.scope/bulkhead-abc', '/system'])
      expect(of(verb, path), path).toEqual([]);
    expect(of(verb, '/system.slice')[0]).toContain('the agent of bulkhead is in /system.slice/bulkhead-abc.scope/services, below it');
  });

  test.each<[string, string, boolean]>([
    ['memory.max', '99999999', true],
    ['memory.max', '100000000', false],
    ['memory.max', 'max', false],
    ['memory.high', '1048576', true],
    ['pids.max', '40', true],
    ['pids.max', '41', false],
    ['cpu.max', '20000 100000', true],
    ['cpu.max', '30000 100000', false],
    ['cpu.max', 'max 100000', false],
    ['cpu.idle', '1', true],
    ['cpu.idle', '0', false],
    ['cpu.weight', '1', false],
    ['cgroup.freeze', '1', true],
    ['cpuset.cpus', '0', false],
    ['cpuset.cpus', '', false],
    ['io.max', '8:0 rbps=1', true],
    ['io.max', '8:0 rbps=max', false],
    ['devices', 'deny a *:* rwm', true],
    ['devices', 'allow a *:* rwm', false],
    ['devices', 'allow a *:* rwm\ndeny c 1:3 r', true],
    ['memory.swap.max', '0', true],
    ['memory.oom.group', '1', true],
  ])('%s %s of what is vital: starving is %s', (key, value, starves) => {
    expect(of('set', '/system.slice', change(key, value)).length > 0).toBe(starves);
    // Of another group it is nobody's business.
    expect(of('set', '/user.slice', change(key, value))).toEqual([]);
  });

  test('what is not measured is not taken for nothing', () => {
    for (const [key, value] of [
      ['memory.max', '10000000000'],
      ['pids.max', '1000000'],
      ['cpu.max', '800000 100000'],
    ] as const)
      expect(tellCgroup(starvation(change(key, value), {}) ?? cgroupText('several', { sentences: [] }), 'en'), key).toContain(
        'not measured',
      );
    expect(starvation(change('cpu.max', '5000 100000'), { cpuMillis: 0 })).toBeDefined();
    expect(starvation(change('cpuset.cpus', '0'), { cpuMillis: 1500 })).toBeDefined();
  });

  test('thawing, making groups and moving others are no slip; moving what is vital is', () => {
    for (const verb of ['thaw', 'create', 'move'] as const) expect(of(verb, '/init.scope')).toEqual([]);
    const facts = { vital, use, pids: [1, 77], vitalPids: new Map([[1, cgroupText('process.first')]]) };
    expect(protectionsOf('move', '/lesscpu', [], facts)).toEqual([
      cgroupText('protected.stays', { pid: 1, what: [cgroupText('process.first')] }),
    ]);
  });

  test('is told in the language asked for, with every part of it', () => {
    const [told] = protectionsOf('set', '/system.slice', [change('memory.max', '1048576')], { vital, use });
    expect(told && tellCgroup(told, 'zh')).toBe(
      '不允许误将 /system.slice 限制到这个程度（bulkhead 的 agent 在其下的 /system.slice/bulkhead-abc.scope/services 中）：memory.max 1048576 低于它所需：它正在使用 100000000 字节。',
    );
  });
});
