import {
  blkioOfIoWeight,
  type CgroupVerb,
  type Maker,
  parseDeviceLimits,
  parseDeviceList,
  parseDeviceWeights,
  parseQuotaText,
  sharesOfWeight,
} from '@bulkhead/model';

/** A change in one form: the value is canonical. */
export interface OwnedChange {
  key: string;
  value: string;
}

/** Words of a command line; none where the owner has no word for the change. */
type Words = readonly string[] | undefined;

export interface OwnerCommand {
  /** Absent where the owner has none for any of it. */
  command?: string;
  /** Keys of the changes that it does not say. */
  unknown: string[];
}

/** A word for a shell to take as it is. */
export const shellWord = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

const line = (...words: readonly string[]): string => words.map(shellWord).join(' ');

const infinity = (value: string): string => (value === 'max' ? 'infinity' : value);

const bandwidths = { rbps: 'IOReadBandwidthMax', wbps: 'IOWriteBandwidthMax', riops: 'IOReadIOPSMax', wiops: 'IOWriteIOPSMax' } as const;

function systemdDevices(value: string): Words {
  const list = parseDeviceList(value);
  if (list === undefined) return undefined;
  if (list.allowed) return list.exceptions.length === 0 ? ['DevicePolicy=auto', 'DeviceAllow='] : undefined;
  const kinds = { a: '', b: 'block', c: 'char' } as const;
  if (list.exceptions.some(({ major, minor }) => major === '*' || minor === '*')) return undefined;
  return [
    'DevicePolicy=strict',
    'DeviceAllow=',
    ...list.exceptions.map(({ type, major, minor, access }) => `DeviceAllow=/dev/${kinds[type]}/${major}:${minor} ${access}`),
  ];
}

/** Properties of systemd.resource-control(5). */
function systemdProperties({ key, value }: OwnedChange): Words {
  const sizes: Readonly<Record<string, string>> = {
    'memory.max': 'MemoryMax',
    'memory.high': 'MemoryHigh',
    'memory.low': 'MemoryLow',
    'memory.min': 'MemoryMin',
    'memory.swap.max': 'MemorySwapMax',
    'memory.zswap.max': 'MemoryZSwapMax',
    'pids.max': 'TasksMax',
  };
  const size = sizes[key];
  if (size !== undefined) return [`${size}=${infinity(value)}`];
  switch (key) {
    case 'cpu.weight':
      return [`CPUWeight=${value}`];
    case 'cpu.idle':
      return [value === '1' ? 'CPUWeight=idle' : 'CPUWeight=100'];
    case 'cpu.max': {
      const quota = parseQuotaText(value);
      if (quota === undefined) return undefined;
      const { quotaUsec, periodUsec = '100000' } = quota;
      if (quotaUsec === 'max') return ['CPUQuota='];
      const percent = Math.round((Number(quotaUsec) * 10_000) / Number(periodUsec)) / 100;
      return [`CPUQuota=${percent}%`, ...(periodUsec === '100000' ? [] : [`CPUQuotaPeriodSec=${periodUsec}us`])];
    }
    case 'cpuset.cpus':
      return [`AllowedCPUs=${value}`];
    case 'cpuset.mems':
      return [`AllowedMemoryNodes=${value}`];
    case 'io.weight': {
      const weights = parseDeviceWeights(value);
      return weights === undefined
        ? undefined
        : [
            ...(weights.weight === undefined ? [] : [`IOWeight=${weights.weight}`]),
            ...[...weights.devices]
              .filter(([, weight]) => weight !== 'default')
              .map(([device, weight]) => `IODeviceWeight=/dev/block/${device} ${weight}`),
          ];
    }
    case 'io.max':
      return [...(parseDeviceLimits(value) ?? [])].flatMap(([device, limits]) =>
        Object.entries(limits).map(
          ([limit, most]) => `${bandwidths[limit as keyof typeof bandwidths]}=/dev/block/${device} ${infinity(most)}`,
        ),
      );
    case 'devices':
      return systemdDevices(value);
    default:
      return undefined;
  }
}

/** Options of docker-update(1), which podman-update(1) and nerdctl-update(1) have as well. */
function updateOptions({ key, value }: OwnedChange): Words {
  switch (key) {
    case 'cpu.weight':
      return ['--cpu-shares', String(sharesOfWeight(Number(value)))];
    case 'cpu.max': {
      const { quotaUsec, periodUsec = '100000' } = parseQuotaText(value) ?? {};
      if (quotaUsec === undefined) return undefined;
      return quotaUsec === 'max' ? ['--cpu-quota', '-1'] : ['--cpu-period', periodUsec, '--cpu-quota', quotaUsec];
    }
    case 'cpuset.cpus':
      return ['--cpuset-cpus', value];
    case 'cpuset.mems':
      return ['--cpuset-mems', value];
    case 'memory.max':
      return ['--memory', value === 'max' ? '-1' : `${value}b`];
    case 'memory.low':
      return ['--memory-reservation', `${value}b`];
    case 'pids.max':
      return ['--pids-limit', value === 'max' ? '-1' : value];
    case 'io.weight':
      return /^\d+$/.test(value) ? ['--blkio-weight', String(blkioOfIoWeight(Number(value)))] : undefined;
    default:
      return undefined;
  }
}

/** Options of `crictl update`. */
function criOptions({ key, value }: OwnedChange): Words {
  const { quotaUsec, periodUsec = '100000' } = key === 'cpu.max' ? (parseQuotaText(value) ?? {}) : {};
  if (quotaUsec !== undefined) return ['--cpu-period', periodUsec, '--cpu-quota', quotaUsec === 'max' ? '-1' : quotaUsec];
  if (key === 'cpu.weight') return ['--cpu-share', String(sharesOfWeight(Number(value)))];
  if (key === 'cpuset.cpus') return ['--cpuset-cpus', value];
  if (key === 'cpuset.mems') return ['--cpuset-mems', value];
  return key === 'memory.max' && value !== 'max' ? ['--memory', value] : undefined;
}

/** Options of `./bulkhead update`. */
function ownOptions({ key, value }: OwnedChange): Words {
  if (key === 'cpu.weight') return ['--cpu-weight', value];
  if (key === 'memory.max') return ['--memory', value];
  if (key === 'pids.max') return ['--pids', value];
  if (key !== 'cpu.max') return undefined;
  const { quotaUsec, periodUsec = '100000' } = parseQuotaText(value) ?? {};
  if (quotaUsec === undefined) return undefined;
  return ['--cpus', quotaUsec === 'max' ? 'max' : String(Math.round((Number(quotaUsec) * 1000) / Number(periodUsec)) / 1000)];
}

function compose(
  begin: readonly string[],
  end: readonly string[],
  changes: readonly OwnedChange[],
  words: (change: OwnedChange) => Words,
): OwnerCommand {
  const said = changes.map((change) => ({ key: change.key, words: words(change) }));
  const all = said.flatMap(({ words: each }) => each ?? []);
  const unknown = said.filter(({ words: each }) => each === undefined).map(({ key }) => key);
  return all.length === 0 ? { unknown } : { command: line(...begin, ...all, ...end), unknown };
}

/** The innermost unit of a path, and the manager it is of: that of the host, or of a user. */
export function unitOf(path: string): { unit: string; manager: string[] } {
  const segments = path.split('/').filter(Boolean);
  const index = segments.findLastIndex((segment) => /\.(?:slice|service|scope|socket|mount|swap)$/.test(segment));
  const uid = segments
    .slice(0, Math.max(0, index))
    .map((segment) => /^user@(\d+)\.service$/.exec(segment)?.[1])
    .find((each) => each !== undefined);
  return { unit: segments[index] ?? '-.slice', manager: uid === undefined ? [] : ['--user', '-M', `${uid}@`] };
}

type SimpleVerb = Exclude<CgroupVerb, 'set' | 'create' | 'move'>;
const simpleWords: Record<'systemd' | 'docker', Record<SimpleVerb, readonly string[]>> = {
  systemd: { freeze: ['freeze'], thaw: ['thaw'], kill: ['kill', '--signal=KILL'], remove: ['stop'] },
  docker: { freeze: ['pause'], thaw: ['unpause'], kill: ['kill'], remove: ['rm', '--force'] },
};

function systemdCommand(verb: CgroupVerb, path: string, changes: readonly OwnedChange[]): OwnerCommand {
  const { unit, manager } = unitOf(path);
  if (verb === 'create' || verb === 'move') return { unknown: [] };
  if (verb !== 'set') return { command: line('systemctl', ...manager, ...simpleWords.systemd[verb], unit), unknown: [] };
  return compose(['systemctl', ...manager, 'set-property', '--runtime', unit], [], changes, systemdProperties);
}

const programs = { docker: 'docker', podman: 'podman', containerd: 'nerdctl' } as const;

function containerCommand(program: string, verb: CgroupVerb, id: string, changes: readonly OwnedChange[]): OwnerCommand {
  if (verb === 'create' || verb === 'move') return { unknown: [] };
  if (verb !== 'set') return { command: line(program, ...simpleWords.docker[verb], id), unknown: [] };
  return compose([program, 'update'], [id], changes, updateOptions);
}

function bulkheadCommand(maker: Maker, verb: CgroupVerb, changes: readonly OwnedChange[]): OwnerCommand {
  const reference = maker.name;
  // Limits of what is no container (a tenant's group, the root of an instance) nobody else sets.
  if (maker.containerId === undefined && maker.externalId === undefined) return { unknown: [] };
  const program = maker.instance === undefined ? ['./bulkhead'] : ['./bulkhead', '--state-dir', `DIRECTORY-OF-${maker.instance}`];
  const verbs: Partial<Record<CgroupVerb, readonly string[]>> = { kill: ['kill'], remove: ['rm', '--force'] };
  const simple = verbs[verb];
  if (simple !== undefined) return { command: line(...program, ...simple, reference), unknown: [] };
  return verb === 'set' ? compose([...program, 'update'], [reference], changes, ownOptions) : { unknown: [] };
}

/** The owner's own command for a change, as a person would type it; without one where the owner has no words for it. */
export function ownerCommand(maker: Maker, path: string, verb: CgroupVerb, changes: readonly OwnedChange[] = []): OwnerCommand {
  const id = maker.externalId ?? maker.name;
  switch (maker.runtime) {
    case 'systemd':
      return systemdCommand(verb, path, changes);
    case 'systemd-nspawn':
      return systemdCommand(verb, path, changes);
    case 'docker':
    case 'podman':
    case 'containerd':
      return containerCommand(programs[maker.runtime], verb, id, changes);
    case 'cri-o':
      return verb === 'set' ? compose(['crictl', 'update'], [id], changes, criOptions) : { unknown: [] };
    case 'lxc': {
      if (verb === 'freeze' || verb === 'thaw')
        return { command: line(verb === 'freeze' ? 'lxc-freeze' : 'lxc-unfreeze', '-n', id), unknown: [] };
      if (verb === 'kill' || verb === 'remove') return { command: line('lxc-stop', '--kill', '-n', id), unknown: [] };
      if (verb !== 'set') return { unknown: [] };
      return { command: changes.map(({ key, value }) => line('lxc-cgroup', '-n', id, key, value)).join(' && '), unknown: [] };
    }
    case 'bulkhead':
      return bulkheadCommand(maker, verb, changes);
    default:
      return { unknown: [] };
  }
}
