import type { CgroupMinutes, CgroupUse } from '@bulkhead/model';

/** What one cgroup used in a minute, for tests and benches. */
export interface MinuteOf extends CgroupUse {
  path: string;
}

/** A record as an agent writes it. */
export function makeCgroupMinutes(hostId: string, at: string, uses: readonly MinuteOf[], part = 0): CgroupMinutes {
  const column = (read: (use: CgroupUse) => number | undefined): (number | null)[] => uses.map((use) => read(use) ?? null);
  return {
    kind: 'cgroup-minutes',
    hostId,
    at,
    part,
    paths: uses.map(({ path }) => path),
    cpuMillis: column(({ cpuMillis }) => cpuMillis),
    cpuMillisMost: column(({ cpuMillis }) => (cpuMillis === undefined ? undefined : cpuMillis * 2)),
    memoryBytes: column(({ memoryBytes }) => memoryBytes),
    memoryBytesMost: column(({ memoryBytes }) => memoryBytes),
    ioReadBytesPerSecond: column(({ ioReadBytesPerSecond }) => ioReadBytesPerSecond),
    ioWriteBytesPerSecond: column(({ ioWriteBytesPerSecond }) => ioWriteBytesPerSecond),
    pids: column(({ pids }) => pids),
    ...(uses.some(({ pressure }) => pressure !== undefined) ? { cpuSome: column(({ pressure }) => pressure?.cpuSome) } : {}),
  };
}
