import { expect, it } from 'vitest';
import { mergeNews, newsOf } from './group-happening.ts';

const victim = (pid: number, command: string) => ({ pid, command, uid: 0, victimPath: '/a/init', limitPath: '/a' });

it('a kill names the process and whose limit it was', () => {
  const happening = { kind: 'oom-killed', path: 'a', count: 2, total: 5, victims: [victim(7, 'tail'), victim(8, 'sh')] } as const;
  expect(newsOf(happening, true)).toMatchObject({
    kind: 'container.oom-killed',
    detail: { kills: 2, process: 'tail', pid: 7, limitOf: '/a', others: 'sh (8)' },
  });
  expect(newsOf({ ...happening, victims: [] }, false)).toMatchObject({ kind: 'cgroup.oom-killed', detail: { kills: 2 } });
  const ofHost = { ...victim(7, 'tail'), limitPath: undefined };
  expect(newsOf({ ...happening, victims: [ofHost] }, false).detail).toMatchObject({ limitOf: 'host' });
});

it('pressure of each resource is an event of its own kind', () => {
  for (const resource of ['cpu', 'memory', 'io'] as const)
    expect(newsOf({ kind: 'pressure', path: 'a', resource }, false).kind).toBe(`cgroup.${resource}-pressure`);
});

it('news of one kind are one with their number and their victims', () => {
  const kill = (pid: number) => newsOf({ kind: 'oom-killed', path: 'a', count: 1, total: pid, victims: [victim(pid, 'tail')] }, true);
  expect(mergeNews(mergeNews(kill(1), kill(2)), kill(3)).detail).toEqual({
    kills: 3,
    process: 'tail',
    pid: 1,
    limitOf: '/a',
    others: 'tail (2), tail (3)',
  });
  const refused = (count: number, total: number) => newsOf({ kind: 'pids-refused', path: 'a', count, total }, false);
  expect(mergeNews(refused(2, 2), refused(5, 7)).detail).toEqual({ refusals: 7, total: 7 });
});
