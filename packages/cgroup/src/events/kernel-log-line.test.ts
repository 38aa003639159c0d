import { describe, expect, it } from 'vitest';
import { isKernels, parseKernelMessage, parseKernelRecord } from './kernel-log-line.ts';

const memcg =
  'oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=init,mems_allowed=0,oom_memcg=/bulkhead-a1f/acme/0123,task_memcg=/bulkhead-a1f/acme/0123/init,task=tail,pid=4242,uid=100000';

describe('a message of the kernel', () => {
  it('tells whom the OOM killer ended, where, and at whose limit', () => {
    expect(parseKernelMessage(memcg)).toEqual({
      kind: 'oom-kill',
      pid: 4242,
      command: 'tail',
      uid: 100_000,
      victimPath: '/bulkhead-a1f/acme/0123/init',
      limitPath: '/bulkhead-a1f/acme/0123',
    });
  });

  it('tells of a host that ran out of memory as of nobody’s limit', () => {
    const global =
      'oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/system.slice/a.service,task=java,pid=9,uid=0';
    expect(parseKernelMessage(global)).toMatchObject({ victimPath: '/system.slice/a.service', limitPath: undefined });
  });

  it('is understood where names hold commas and equal signs, as names of processes and groups may', () => {
    const odd = memcg.replace('task=tail', 'task=a,pid=1,task=b').replaceAll('/acme/', '/ac,task_memcg=me/');
    expect(parseKernelMessage(odd)).toMatchObject({ pid: 4242 });
    expect(parseKernelMessage(memcg.replace('task=tail', String.raw`task=a\x0ab`))).toMatchObject({ command: 'a\nb' });
  });

  it('tells in which group the first fork was refused', () => {
    expect(parseKernelMessage('cgroup: fork rejected by pids controller in /system.slice/a.service')).toEqual({
      kind: 'fork-rejected',
      path: '/system.slice/a.service',
    });
  });

  it('says nothing of cgroups in nearly all cases', () => {
    for (const text of ['', 'usb 1-1: new device', 'oom-kill: something else', 'Memory cgroup out of memory: Killed process 1 (a)'])
      expect(parseKernelMessage(text)).toBe(undefined);
  });
});

describe('a record of /dev/kmsg', () => {
  it('is a priority and a message, without the properties below it', () => {
    expect(parseKernelRecord('6,339,5140900,-;NET: Registered protocol family 10\n SUBSYSTEM=acpi\n')).toEqual({
      priority: 6,
      message: 'NET: Registered protocol family 10',
    });
    expect(parseKernelRecord('6,339,5140900,c,caller=T1;a;b\n')?.message).toBe('a;b');
    expect(parseKernelRecord('garbage')).toBe(undefined);
  });

  it('is the kernel’s own where its facility is 0: user space may write there too', () => {
    expect(isKernels(6)).toBe(true);
    expect(isKernels(12)).toBe(false);
  });
});
