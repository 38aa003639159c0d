import { SyscallError } from '@bulkhead/kernel';
import { findCgroupSetting, type ProblemCode } from '@bulkhead/model';
import { expect, test } from 'vitest';
import { explainRefusal } from './refusal.ts';

const numbers = {
  EPERM: 1,
  ESRCH: 3,
  EIO: 5,
  ENXIO: 6,
  ENOMEM: 12,
  EACCES: 13,
  EBUSY: 16,
  ENODEV: 19,
  EINVAL: 22,
  ENOSPC: 28,
  EROFS: 30,
  ERANGE: 34,
  EOPNOTSUPP: 95,
} as const;

test.each<[keyof typeof numbers, string, string | undefined, 1 | 2, ProblemCode, string]>([
  ['EINVAL', 'cgroup.procs', undefined, 2, 'conflict', 'a thread of the kernel'],
  ['EINVAL', 'devices.allow', 'devices', 1, 'conflict', 'while there are groups below'],
  ['EINVAL', 'cpu.cfs_quota_us', 'cpu.max', 1, 'invalid', 'more than the group above has'],
  ['EINVAL', 'cpu.max', 'cpu.max', 2, 'invalid', 'less than cpu.max.burst'],
  ['EINVAL', 'cpu.max.burst', 'cpu.max.burst', 2, 'invalid', 'more than the quota'],
  ['EINVAL', 'cpu.weight', 'cpu.weight', 2, 'conflict', 'has no weight'],
  ['EINVAL', 'memory.limit_in_bytes', 'memory.max', 1, 'invalid', 'more than memory and swap together'],
  ['EINVAL', 'cpu.rt_runtime_us', 'cpu.rt_runtime_us', 1, 'invalid', 'the group above has to give'],
  ['EINVAL', 'io.weight', 'io.weight', 2, 'invalid', 'no such value'],
  ['ERANGE', 'cpu.weight', 'cpu.weight', 2, 'invalid', 'beyond what the kernel takes'],
  ['EBUSY', 'cgroup.subtree_control', undefined, 2, 'conflict', 'no internal processes'],
  ['EBUSY', 'cgroup.procs', undefined, 2, 'conflict', 'no internal processes'],
  ['EBUSY', 'memory.limit_in_bytes', 'memory.max', 1, 'conflict', 'uses more than that'],
  ['EBUSY', 'cpu.rt_runtime_us', 'cpu.rt_runtime_us', 1, 'conflict', 'real-time tasks run in it'],
  ['EBUSY', 'cpuset.cpus', 'cpuset.cpus', 1, 'conflict', 'in use'],
  ['ENOSPC', 'tasks', undefined, 1, 'conflict', 'no CPU or no memory node'],
  ['ENOSPC', 'cpuset.cpus', 'cpuset.cpus', 1, 'conflict', 'left without a CPU'],
  ['EACCES', 'cpuset.cpus', 'cpuset.cpus', 1, 'invalid', 'the group above has not all of these'],
  ['EACCES', 'pids.max', 'pids.max', 2, 'forbidden', 'does not let it be written'],
  ['EPERM', 'devices.allow', 'devices', 1, 'invalid', 'the group above does not have it'],
  ['EPERM', 'cpu.max', 'cpu.max', 2, 'forbidden', 'not permitted'],
  ['EROFS', 'pids.max', 'pids.max', 2, 'unsupported', 'mounted read-only'],
  ['EOPNOTSUPP', 'cgroup.procs', undefined, 2, 'conflict', 'domain invalid'],
  ['EOPNOTSUPP', 'memory.max', 'memory.max', 2, 'conflict', 'threaded'],
  ['ESRCH', 'cgroup.procs', undefined, 2, 'not-found', 'no such process'],
  ['ENODEV', 'io.max', 'io.max', 2, 'invalid', 'no such device'],
  ['ENXIO', 'io.weight', 'io.weight', 2, 'invalid', 'no such device'],
  ['ENOMEM', 'pids.max', 'pids.max', 2, 'exhausted', 'no memory'],
  // What nobody has met yet is told as it is, not as an error of ours.
  ['EIO', 'pids.max', 'pids.max', 2, 'conflict', 'for a reason that it does not tell'],
])('%s of %s (%s) names the kernel file, the value, the errno and what to do', (errno, file, key, version, code, why) => {
  const setting = key === undefined ? undefined : findCgroupSetting(key);
  expect(setting?.key).toBe(key);
  const at = `/sys/fs/cgroup/x/${file}`;
  const failure = new SyscallError('write', numbers[errno], at);
  const problem = explainRefusal(failure, { file: at, value: '7', setting, version });
  expect(problem).toMatchObject({ code, cause: failure });
  expect(problem.message).toContain(`the kernel refuses "7" in ${at} (${errno}): `);
  expect(problem.message).toContain(why);
  expect(problem.remedy).toMatch(/^[A-Z./].{10,}\.$/);
});

test('a long value is cut short', () => {
  const failure = new SyscallError('write', numbers.EINVAL, 'x');
  const { message } = explainRefusal(failure, { file: '/x/devices.allow', value: 'c 1:3 rwm\n'.repeat(100), version: 1 });
  expect(message.length).toBeLessThan(400);
});
