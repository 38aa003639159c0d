import { hasErrno, SyscallError } from '@bulkhead/kernel';
import { type CgroupSetting, Problem, type ProblemCode } from '@bulkhead/model';

/** A write that the kernel refused. */
export interface RefusedWrite {
  /** Absolute path of the kernel file. */
  file: string;
  value: string;
  /** Absent for steps that only prepare. */
  setting?: CgroupSetting | undefined;
  version: 1 | 2;
}

interface Told {
  code: ProblemCode;
  why: string;
  /** What to do. */
  remedy: string;
}

const boundsRemedy = './bulkhead cgroup settings PATH tells the least and the greatest value in force.';

const endsWith = (file: string, ...names: readonly string[]): boolean => names.some((name) => file.endsWith(`/${name}`));
const joins = ['cgroup.procs', 'tasks', 'cgroup.threads'] as const;

/** What an errno means of a file (kernel/cgroup/cgroup.c, cpuset.c, kernel/sched/core.c, mm/memcontrol-v1.c, security/device_cgroup.c). */
function meaningOf(errno: string, { file, setting, version }: RefusedWrite): Told {
  const key = setting?.key;
  const isJoin = endsWith(file, ...joins);
  switch (errno) {
    case 'EINVAL':
      if (isJoin)
        return {
          code: 'conflict',
          why: 'it cannot be moved: a thread of the kernel, one bound to a CPU, or a real-time task into a group without real-time CPU time',
          remedy: 'Leave it where it is, or give the group cpu.rt_runtime_us first.',
        };
      if (key === 'devices')
        return {
          code: 'conflict',
          why: 'what holds for all devices cannot be changed while there are groups below',
          remedy: 'Change single devices, or remove the groups below first.',
        };
      if (key === 'cpu.max')
        return {
          code: 'invalid',
          why:
            version === 1
              ? 'it is more than the group above has, less than one below has, or less than cpu.max.burst'
              : 'it is less than cpu.max.burst',
          remedy: version === 1 ? boundsRemedy : 'Ask for less of cpu.max.burst as well.',
        };
      if (key === 'cpu.max.burst')
        return { code: 'invalid', why: 'it is more than the quota (cpu.max)', remedy: 'Ask for less, or for more of cpu.max as well.' };
      if (key === 'cpu.weight')
        return { code: 'conflict', why: 'a group that is idle (cpu.idle 1) has no weight', remedy: 'Set cpu.idle to 0 first.' };
      if (key === 'memory.max' || key === 'memory.swap.max')
        return {
          code: 'invalid',
          why: 'memory would be more than memory and swap together',
          remedy: 'Set memory.max and memory.swap.max together.',
        };
      if (key?.startsWith('cpu.rt_') === true)
        return {
          code: 'invalid',
          why: 'it is more than the group above has to give, beside what groups beside this one have',
          remedy: 'Ask for less, or give the group above more first.',
        };
      return { code: 'invalid', why: 'the kernel takes no such value here', remedy: boundsRemedy };
    case 'ERANGE':
      return { code: 'invalid', why: 'the number is beyond what the kernel takes', remedy: boundsRemedy };
    case 'EBUSY':
      if (endsWith(file, 'cgroup.subtree_control'))
        return {
          code: 'conflict',
          why: 'the group holds processes itself: on version 2 processes live in leaves alone ("no internal processes")',
          remedy: 'Move them into a group below it first.',
        };
      if (isJoin)
        return {
          code: 'conflict',
          why: 'the group hands controllers down: on version 2 processes live in leaves alone ("no internal processes")',
          remedy: 'Choose a group below it.',
        };
      if (setting?.controller === 'memory')
        return {
          code: 'conflict',
          why: 'it uses more than that, and the kernel could not free the rest',
          remedy: 'Ask for more, or end processes first.',
        };
      if (key?.startsWith('cpu.rt_') === true)
        return { code: 'conflict', why: 'real-time tasks run in it', remedy: 'Move them, or give them another scheduling policy first.' };
      return {
        code: 'conflict',
        why: 'it is in use, or groups below it depend on it',
        remedy: 'Change the groups below it first.',
      };
    case 'ENOSPC':
      return isJoin
        ? {
            code: 'conflict',
            why: 'the group has no CPU or no memory node (cpuset.cpus, cpuset.mems are empty)',
            remedy: 'Set both first.',
          }
        : {
            code: 'conflict',
            why: 'processes are in it, and it would be left without a CPU or a memory node',
            remedy: 'Leave at least one, or move the processes first.',
          };
    case 'EACCES':
      if (setting?.controller === 'cpuset')
        return { code: 'invalid', why: 'the group above has not all of these', remedy: 'Ask for some of those, or give it more first.' };
      return {
        code: 'forbidden',
        why: 'the kernel does not let it be written here',
        remedy: 'Another owner may have delegated only a part of the tree.',
      };
    case 'EPERM':
      if (key === 'devices')
        return {
          code: 'invalid',
          why: 'the group above does not have it: a group has at most what those above have',
          remedy: 'Allow it above first.',
        };
      return {
        code: 'forbidden',
        why: 'not permitted: it wants capabilities that the agent lacks, or the group above does not allow it',
        remedy: './bulkhead doctor tells which capabilities are lacking.',
      };
    case 'EROFS':
      return {
        code: 'unsupported',
        why: 'the hierarchy is mounted read-only',
        remedy: "In a container the host's own agent is the one to ask.",
      };
    case 'EOPNOTSUPP':
      if (isJoin)
        return {
          code: 'conflict',
          why: 'the group is threaded or "domain invalid": whole processes cannot join it',
          remedy: 'Move threads (cgroup.threads), or choose a domain group.',
        };
      return {
        code: 'conflict',
        why: 'a threaded or "domain invalid" group cannot have it',
        remedy: 'Set it at the group that is its domain, above it.',
      };
    case 'ESRCH':
      return { code: 'not-found', why: 'there is no such process', remedy: 'It has ended meanwhile.' };
    case 'ENXIO':
    case 'ENODEV':
      return {
        code: 'invalid',
        why: 'there is no such device',
        remedy: 'Choose a whole disk, no partition: cat /proc/partitions lists those there are.',
      };
    case 'ENOMEM':
      return { code: 'exhausted', why: 'the kernel has no memory for it', remedy: 'Free memory of the host, then try again.' };
    default:
      return {
        code: 'conflict',
        why: 'for a reason that it does not tell',
        remedy: 'Write the value into the file by hand to see the same, and look at what dmesg says.',
      };
  }
}

/** A refused write as a Problem that names the kernel file, the value, the errno and what to do. */
export function explainRefusal(failure: unknown, write: RefusedWrite): Problem {
  if (failure instanceof Problem) return failure;
  const { file, value } = write;
  const shown = JSON.stringify(value.length > 200 ? `${value.slice(0, 200)}…` : value);
  if (!(failure instanceof SyscallError)) return new Problem('internal', `${shown} into ${file}: ${String(failure)}`, { cause: failure });
  const { code, why, remedy } = meaningOf(failure.code, write);
  return new Problem(code, `the kernel refuses ${shown} in ${file} (${failure.code}): ${why}`, {
    cause: failure,
    remedy,
  });
}

/** True for what a write or a read answers once the group is gone. */
export const isGone = (failure: unknown): boolean => hasErrno(failure, 'ENODEV', 'ENOENT');
