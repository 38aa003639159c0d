import { expect, it } from 'vitest';
import { controllerChoices } from './controller-choices.ts';

const chosen = (hierarchies: Parameters<typeof controllerChoices>[0]) =>
  controllerChoices(hierarchies).flatMap(({ controller, usual }) => (usual ? [controller] : []));

it('a new group is in every hierarchy of version 1, each controller named once and by its v2 name', () => {
  const hierarchies = [
    { version: 1 as const, controllers: ['cpu', 'cpuacct'], mountPoint: '/c' },
    { version: 1 as const, controllers: ['blkio'], mountPoint: '/b' },
    { version: 2 as const, controllers: ['memory'], mountPoint: '/u' },
  ];
  expect(controllerChoices(hierarchies).map(({ controller, version }) => [controller, version])).toEqual([
    ['cpu', 1],
    ['io', 1],
    ['memory', 2],
  ]);
  expect(chosen(hierarchies)).toEqual(['cpu', 'io']);
});

it('where only version 2 is, what groups are made for is handed down', () => {
  expect(
    chosen([{ version: 2, controllers: ['cpuset', 'cpu', 'io', 'memory', 'hugetlb', 'pids', 'unheard-of'], mountPoint: '/' }]),
  ).toEqual(['cpu', 'io', 'memory', 'pids']);
});
