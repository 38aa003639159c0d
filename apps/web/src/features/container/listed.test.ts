import type { Container, Maker, Workload } from '@bulkhead/model';
import { describe, expect, it } from 'vitest';
import { fitsRuntime, isForeign, searchTextOf } from './listed.ts';

const workload = (maker: Maker): Workload => ({
  id: maker.name,
  maker,
  cgroupPath: '/machine.slice/x',
  processes: 1,
  leader: { pid: 1, startTimeTicks: '1', command: 'nginx: master' },
  startedAt: '2026-11-25T12:00:00.000Z',
  groups: [],
  groupCount: 1,
});

describe('what the containers page lists', () => {
  it('takes a workload for foreign that is no container of this instance', () => {
    const own = new Map([['00000000000000aa', {} as Container]]);
    expect(isForeign(workload({ runtime: 'docker', name: 'web' }), own)).toBe(true);
    expect(isForeign(workload({ runtime: 'bulkhead', name: 'ours', containerId: '00000000000000aa' }), own)).toBe(false);
    expect(isForeign(workload({ runtime: 'bulkhead', name: 'other', instance: 'beef' }), own)).toBe(true);
  });

  it('shows containers of any runtime first, and units or sessions to who asks', () => {
    expect((['docker', 'podman', 'systemd', 'plain', 'browser'] as const).map((runtime) => fitsRuntime(runtime, 'containers'))).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
    expect(fitsRuntime('systemd', 'all')).toBe(true);
    expect([fitsRuntime('lxc', 'lxc'), fitsRuntime('docker', 'lxc')]).toEqual([true, false]);
  });

  it('finds foreign ones by what people know of them', () => {
    const text = searchTextOf({
      kind: 'workload',
      id: 'w',
      name: 'shop',
      runtime: 'podman',
      workload: workload({ runtime: 'podman', name: 'shop', externalId: 'deadbeef' }),
      cgroup: undefined,
    });
    for (const wanted of ['shop', 'podman', 'deadbeef', 'nginx', 'machine.slice']) expect(text).toContain(wanted);
  });
});
