import { randomBytes } from 'node:crypto';
import type { Container, ContainerDetail, Transcript } from '@bulkhead/model';

/** What was done for one container, as a real start reads in small. */
export const transcriptOf = (name: string): Transcript => ({
  steps: [
    { actor: 'agent', syscall: 'mkdirat', args: `AT_FDCWD, "/sys/fs/cgroup/cpu/bulkhead-abc/acme/${name}", 0755`, durationNsec: 48_120 },
    { actor: 'agent', syscall: 'write', args: '"50000" > cpu.cfs_quota_us', durationNsec: 12_004 },
    { actor: 'launcher', syscall: 'clone3', args: 'NEWUSER|NEWNS|NEWPID|NEWNET|NEWUTS|NEWIPC|PIDFD', durationNsec: 1_204_551 },
    { actor: 'agent', syscall: 'write', args: '"0 1000000 65536" > /proc/4711/uid_map', durationNsec: 31_870 },
    { actor: 'child', syscall: 'unshare', args: 'CLONE_NEWCGROUP', durationNsec: 9_411 },
    { actor: 'child', syscall: 'pivot_root', args: '".", "."', durationNsec: 22_190 },
    { actor: 'child', syscall: 'mknodat', args: '"/dev/null", S_IFCHR', error: 'EPERM', durationNsec: 3_004 },
    { actor: 'child', syscall: 'close_range', args: '3, ~0, CLOEXEC', repeated: 2, durationNsec: 2_441 },
    { actor: 'child', syscall: 'execve', args: '"/bin/sh", ["sh", "-c", "while :; do :; done"]', durationNsec: 410_233 },
  ],
  commands: [
    `mkdir -p /sys/fs/cgroup/cpu/bulkhead-abc/acme/${name}`,
    `echo 50000 > /sys/fs/cgroup/cpu/bulkhead-abc/acme/${name}/cpu.cfs_quota_us`,
    "unshare --user --map-root-user --mount --pid --net --uts --ipc --fork -- sh -c 'while :; do :; done'",
  ],
  durationNsec: 1_743_824,
  dropped: 0,
});

/** A UUIDv7: order by id is order in time. */
export const uuid7 = (): string => {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = (bytes.readUInt8(6) & 0x0f) | 0x70;
  bytes[8] = (bytes.readUInt8(8) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
};

/** Everything known of a container, as an agent would tell it. */
export const detailOf = (container: Container): ContainerDetail => ({
  ...container,
  spec: {
    name: container.name,
    tenantId: container.tenantId,
    image: container.image,
    args: container.args,
    env: [],
    cwd: '/',
    user: { uid: 0, gid: 0 },
    terminal: false,
    stdin: false,
    autoRemove: false,
    timeNamespace: false,
    limits: container.limits,
  },
  cgroupPath: `/bulkhead-abc/${container.tenantId}/${container.id}`,
  idMapping: { containerId: 0, hostId: 1_000_000, size: 65_536 },
  namespaces:
    container.status === 'running'
      ? (['pid', 'network', 'mount', 'ipc', 'uts', 'cgroup', 'user', 'time'] as const).map((type, index) => ({
          type,
          dev: '4',
          ino: String(4_026_532_841 + index),
          initial: type === 'time',
        }))
      : [],
  drift: [],
});
