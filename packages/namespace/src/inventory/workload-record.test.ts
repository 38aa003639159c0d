import { expect, it } from 'vitest';
import type { ProcessReading } from './process-reading.ts';
import { WorkloadRecord } from './workload-record.ts';

const process = (pid: number, namespaces: number[], command = 'x') =>
  ({ pid, startTimeTicks: pid, namespaces, command }) as unknown as ProcessReading;

it('keeps its processes by the namespaces they share, the group of the oldest first, whether they are few or many', () => {
  const workload = new WorkloadRecord({ id: 'w', maker: { runtime: 'plain', name: 'w' }, cgroupPath: '/', inherited: false });
  const all = Array.from({ length: 10 }, (_, index) => process(100 - index, [index, 7]));
  for (const [index, each] of all.entries()) {
    workload.add(each);
    workload.add(process(200 + index, [index, 7]));
    expect(workload.groupCount).toBe(index + 1);
    expect(workload.groups(3)[0]?.members.oldest).toBe(each);
  }
  expect(workload.groups(64).map(({ namespaces, members }) => [namespaces[0], members.size])).toEqual([
    [9, 2],
    ...Array.from({ length: 9 }, (_, index) => [index, 2]),
  ]);
  for (const [index, each] of all.entries()) {
    workload.remove(each, each.namespaces);
    workload.remove(process(200 + index, [index, 7]), [index, 7]);
  }
  // Those removed were others than those added, under the same numbers.
  expect(workload.groupCount).toBe(10);
  expect(workload.members.size).toBe(10);
});

it('is called by a command that lives in it where it is no container', () => {
  const plain = new WorkloadRecord({ id: 'w', maker: { runtime: 'plain', name: 'sh' }, cgroupPath: '/', inherited: true });
  expect(plain.makerOf('make')).toEqual({ runtime: 'plain', name: 'make' });
  expect(plain.makerOf('make')).toBe(plain.makerOf('make'));
  const docker = new WorkloadRecord({ id: 'd', maker: { runtime: 'docker', name: 'web' }, cgroupPath: '/', inherited: false });
  expect(docker.makerOf('nginx')).toEqual({ runtime: 'docker', name: 'web' });
});
