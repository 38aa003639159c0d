import { beforeEach, expect, it } from 'vitest';
import { Classifier } from './classifier.ts';
import type { ProcessReading } from './process-reading.ts';
import type { ProcessRecord } from './process-record.ts';
import { WorkloadRecord } from './workload-record.ts';

const host = [1, 2, 3, 4, 5, 6, 7, 8];
const sandbox = [11, 12, 13, 4, 5, 6, 17, 8];
const hex = 'd'.repeat(64);

let processes: Map<number, ProcessRecord>;
let workloads: Map<string, WorkloadRecord>;
let lines: Map<number, string>;
let again: number[];
let classifier: Classifier;

beforeEach(() => {
  processes = new Map();
  workloads = new Map();
  lines = new Map();
  again = [];
  classifier = new Classifier({
    own: { instance: 'abc', cgroupPath: '/bulkhead-abc' },
    initial: new Set(host),
    processOf: (pid) => processes.get(pid),
    argumentsOf: (pid) => lines.get(pid)?.split(' ') ?? [],
    containerName: (id) => (id === '0123456789abcdef' ? 'web' : undefined),
    again: (pid) => again.push(pid),
  });
});

/** Starts a process, or reads one again that is known. */
function read(pid: number, facts: Partial<ProcessReading> & { line?: string; cgroup?: string } = {}): WorkloadRecord {
  const { line, cgroup = '/', ...more } = facts;
  if (line !== undefined) lines.set(pid, line);
  const known = processes.get(pid);
  const reading: ProcessReading = {
    pid,
    parentPid: known?.parentPid ?? 1,
    startTimeTicks: pid * 10,
    command: known?.command ?? 'sh',
    state: 'S',
    session: known?.session ?? pid,
    threads: 1,
    kernel: false,
    cgroups: `0::${cgroup}\n`,
    namespaces: known?.namespaces ?? host,
    otherThreads: new Map(),
    ...more,
  };
  const identity = classifier.workloadOf(reading, known?.workload);
  const workload = workloads.get(identity.id) ?? new WorkloadRecord(identity);
  workloads.set(workload.id, workload);
  processes.set(pid, { ...reading, workload, serial: 1 });
  return workload;
}

const end = (pid: number): boolean => processes.delete(pid);

it('takes threads of the kernel together', () => {
  expect(read(2, { kernel: true, session: 0 }).id).toBe('kernel');
  expect(read(9, { kernel: true, session: 0 }).maker.runtime).toBe('kernel');
});

it('goes by session where nothing else is known', () => {
  expect(read(100).id).toBe('session-100');
  expect(read(101, { parentPid: 100, session: 100 }).id).toBe('session-100');
  expect(read(200).id).toBe('session-200');
});

it('takes a command that left the namespaces of the host with all its children, whatever sessions these make', () => {
  read(100);
  expect(read(101, { parentPid: 100, session: 100, command: 'unshare' }).id).toBe('session-100');
  const own = read(101, { command: 'unshare', namespaces: sandbox });
  expect(own).toMatchObject({ id: 'process-101-1010', maker: { runtime: 'plain', name: 'unshare' } });
  expect(read(102, { parentPid: 101, session: 102, namespaces: [21, 12, 13, 4, 5, 6, 17, 8] })).toBe(own);
  expect(read(103, { parentPid: 102, session: 102, namespaces: host })).toBe(own);
});

it('keeps a workload its id when its first process has ended', () => {
  const own = read(101, { namespaces: sandbox });
  read(102, { parentPid: 101, namespaces: sandbox });
  end(101);
  expect(read(102, { parentPid: 1 })).toBe(own);
  expect(read(103, { parentPid: 102, namespaces: sandbox })).toBe(own);
});

it('tells containers of its own by name and tenant, and no others', () => {
  const own = read(300, { cgroup: '/bulkhead-abc/acme/0123456789abcdef/init', namespaces: sandbox });
  expect(own).toMatchObject({ id: 'bulkhead-0123456789abcdef', cgroupPath: '/bulkhead-abc/acme/0123456789abcdef' });
  expect(own.maker).toMatchObject({ name: 'web', tenantId: 'acme', containerId: '0123456789abcdef' });
  // An exec session is in a cgroup beside the first process.
  expect(read(301, { cgroup: '/bulkhead-abc/acme/0123456789abcdef/exec-1', namespaces: sandbox })).toBe(own);
  const other = read(302, { cgroup: '/bulkhead-xyz/acme/0123456789abcdef/init', namespaces: sandbox });
  expect(other.id).toBe('bulkhead-xyz-0123456789abcdef');
  expect(other.maker.tenantId).toBeUndefined();
});

it('moves a sandbox that waited to the container it became', () => {
  read(40, {
    command: 'node-MainThread',
    line: 'node --single-threaded --v8-pool-size=0 /run/bulkhead/abc/programs/1/apps/agent/dist/launcher.mjs',
  });
  const waiting = read(41, { parentPid: 40, namespaces: sandbox });
  expect(waiting.maker).toEqual({ runtime: 'bulkhead', name: 'sandbox in waiting' });
  expect(read(41, { namespaces: sandbox, cgroup: '/bulkhead-abc/acme/0123456789abcdef/init' }).maker.name).toBe('web');
});

it('takes the name of a Podman container from the monitor beside it', () => {
  read(50, { command: 'conmon', line: `/usr/bin/conmon --api-version 1 -c ${hex} -n clever_hopper`, cgroup: '/' });
  const found = read(51, { parentPid: 50, namespaces: sandbox, cgroup: `/machine.slice/libpod-${hex}.scope/container` });
  expect(found.maker).toEqual({ runtime: 'podman', externalId: hex, name: 'clever_hopper' });
});

it('knows a container by its monitor where it has no cgroup of its own', () => {
  read(50, { command: 'conmon', line: `/usr/bin/conmon -c ${hex} -n rootless`, cgroup: '/user.slice/user-1000.slice/session-2.scope' });
  const first = read(51, { parentPid: 50, namespaces: sandbox, cgroup: '/user.slice/user-1000.slice/session-2.scope' });
  expect(first).toMatchObject({ id: `podman-${hex}`, maker: { runtime: 'podman', name: 'rootless' } });
  expect(read(52, { parentPid: 51, namespaces: sandbox })).toBe(first);
  expect(processes.get(50)?.workload.maker.runtime).toBe('systemd');
});

it('keeps what a unit of systemd sandboxed with the unit, and what somebody did by hand in a session apart', () => {
  const service = read(60, { cgroup: '/system.slice/ntp.service', namespaces: sandbox });
  expect(service).toMatchObject({ maker: { runtime: 'systemd', name: 'ntp.service' }, cgroupPath: '/system.slice/ntp.service' });
  const session = '/user.slice/user-0.slice/session-1.scope';
  expect(read(61, { cgroup: session }).maker.name).toBe('session-1.scope');
  expect(read(62, { parentPid: 61, cgroup: session, namespaces: sandbox }).maker.runtime).toBe('plain');
});

it('makes one workload of a browser, from its main process to its sandboxes', () => {
  const chromium = '/usr/lib/chromium/chromium';
  read(70, { command: 'chromium', line: `${chromium} --headless` });
  read(71, { parentPid: 70, session: 70, command: 'chromium', line: `${chromium} --type=zygote --no-zygote-sandbox` });
  const zygote = read(72, { parentPid: 70, session: 70, command: 'chromium', line: `${chromium} --type=zygote`, namespaces: sandbox });
  expect(zygote).toMatchObject({ id: 'browser-70-700', maker: { runtime: 'browser', name: 'chromium' } });
  expect(again).toEqual([70]);
  expect(read(70)).toBe(zygote);
  expect(read(71)).toBe(zygote);
  expect(read(73, { parentPid: 72, session: 70, line: `${chromium} --type=renderer`, namespaces: sandbox })).toBe(zygote);
});

it('knows bubblewrap by its name, and what runs in it by its parent', () => {
  const bwrap = read(80, { command: 'bwrap', namespaces: host });
  expect(bwrap.maker.runtime).toBe('bubblewrap');
  expect(read(81, { parentPid: 80, command: 'ls', namespaces: sandbox })).toBe(bwrap);
});

it('gives ids that fit into an address, and different ones to different units', () => {
  const one = read(90, { cgroup: '/system.slice/systemd-cryptsetup@my\\x2ddisk.service' });
  const other = read(91, { cgroup: '/system.slice/systemd-cryptsetup@my_x2ddisk.service' });
  expect(one.id).toMatch(/^[A-Za-z0-9._@:-]{1,200}$/);
  expect(other.id).not.toBe(one.id);
});

it('does not know processes apart whose namespaces may not be read', () => {
  expect(read(1, { namespaces: [0, 0, 0, 0, 0, 0, 0, 0], session: 0, parentPid: 0 }).id).toBe('process-1-10');
});
