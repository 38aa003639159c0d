import { hasErrno, SyscallError } from '@bulkhead/kernel';
import { type CgroupSetting, type CgroupText, cgroupProblem, cgroupText, Problem, type ProblemCode } from '@bulkhead/model';

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
  why: CgroupText;
  /** What to do. */
  remedy: CgroupText;
}

const boundsRemedy = cgroupText('kernel.bounds.remedy');

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
          why: cgroupText('kernel.cannot-move'),
          remedy: cgroupText('kernel.cannot-move.remedy'),
        };
      if (key === 'devices')
        return {
          code: 'conflict',
          why: cgroupText('kernel.devices-below'),
          remedy: cgroupText('kernel.devices-below.remedy'),
        };
      if (key === 'cpu.max')
        return {
          code: 'invalid',
          why: version === 1 ? cgroupText('kernel.quota') : cgroupText('kernel.quota-burst'),
          remedy: version === 1 ? boundsRemedy : cgroupText('kernel.quota-burst.remedy'),
        };
      if (key === 'cpu.max.burst') return { code: 'invalid', why: cgroupText('kernel.burst'), remedy: cgroupText('kernel.burst.remedy') };
      if (key === 'cpu.weight') return { code: 'conflict', why: cgroupText('kernel.idle'), remedy: cgroupText('kernel.idle.remedy') };
      if (key === 'memory.max' || key === 'memory.swap.max')
        return {
          code: 'invalid',
          why: cgroupText('kernel.swap'),
          remedy: cgroupText('kernel.swap.remedy'),
        };
      if (key?.startsWith('cpu.rt_') === true)
        return {
          code: 'invalid',
          why: cgroupText('kernel.real-time'),
          remedy: cgroupText('kernel.real-time.remedy'),
        };
      return { code: 'invalid', why: cgroupText('kernel.value'), remedy: boundsRemedy };
    case 'ERANGE':
      return { code: 'invalid', why: cgroupText('kernel.range'), remedy: boundsRemedy };
    case 'EBUSY':
      if (endsWith(file, 'cgroup.subtree_control'))
        return {
          code: 'conflict',
          why: cgroupText('kernel.internal'),
          remedy: cgroupText('kernel.internal.remedy'),
        };
      if (isJoin)
        return {
          code: 'conflict',
          why: cgroupText('kernel.hands-down'),
          remedy: cgroupText('kernel.hands-down.remedy'),
        };
      if (setting?.controller === 'memory')
        return {
          code: 'conflict',
          why: cgroupText('kernel.memory'),
          remedy: cgroupText('kernel.memory.remedy'),
        };
      if (key?.startsWith('cpu.rt_') === true)
        return { code: 'conflict', why: cgroupText('kernel.real-time-busy'), remedy: cgroupText('kernel.real-time-busy.remedy') };
      return {
        code: 'conflict',
        why: cgroupText('kernel.busy'),
        remedy: cgroupText('kernel.busy.remedy'),
      };
    case 'ENOSPC':
      return isJoin
        ? {
            code: 'conflict',
            why: cgroupText('kernel.no-cpu'),
            remedy: cgroupText('kernel.no-cpu.remedy'),
          }
        : {
            code: 'conflict',
            why: cgroupText('kernel.no-cpu-left'),
            remedy: cgroupText('kernel.no-cpu-left.remedy'),
          };
    case 'EACCES':
      if (setting?.controller === 'cpuset')
        return { code: 'invalid', why: cgroupText('kernel.not-above'), remedy: cgroupText('kernel.not-above.remedy') };
      return {
        code: 'forbidden',
        why: cgroupText('kernel.not-writable'),
        remedy: cgroupText('kernel.not-writable.remedy'),
      };
    case 'EPERM':
      if (key === 'devices')
        return {
          code: 'invalid',
          why: cgroupText('kernel.device-above'),
          remedy: cgroupText('kernel.device-above.remedy'),
        };
      return {
        code: 'forbidden',
        why: cgroupText('kernel.not-permitted'),
        remedy: cgroupText('kernel.not-permitted.remedy'),
      };
    case 'EROFS':
      return {
        code: 'unsupported',
        why: cgroupText('kernel.read-only'),
        remedy: cgroupText('kernel.read-only.remedy'),
      };
    case 'EOPNOTSUPP':
      if (isJoin)
        return {
          code: 'conflict',
          why: cgroupText('kernel.whole-process'),
          remedy: cgroupText('kernel.whole-process.remedy'),
        };
      return {
        code: 'conflict',
        why: cgroupText('kernel.threaded'),
        remedy: cgroupText('kernel.threaded.remedy'),
      };
    case 'ESRCH':
      return { code: 'not-found', why: cgroupText('kernel.no-process'), remedy: cgroupText('kernel.no-process.remedy') };
    case 'ENXIO':
    case 'ENODEV':
      return {
        code: 'invalid',
        why: cgroupText('kernel.no-device'),
        remedy: cgroupText('kernel.no-device.remedy'),
      };
    case 'ENOMEM':
      return { code: 'exhausted', why: cgroupText('kernel.no-memory'), remedy: cgroupText('kernel.no-memory.remedy') };
    default:
      return {
        code: 'conflict',
        why: cgroupText('kernel.untold'),
        remedy: cgroupText('kernel.untold.remedy'),
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
  const what = cgroupText('kernel.refuses', { value: shown, file, errno: failure.code, why: [why] });
  return cgroupProblem(code, what, { cause: failure, remedy });
}

/** True for what a write or a read answers once the group is gone. */
export const isGone = (failure: unknown): boolean => hasErrno(failure, 'ENODEV', 'ENOENT');
