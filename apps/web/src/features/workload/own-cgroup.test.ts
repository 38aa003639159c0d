import { describe, expect, it } from 'vitest';
import { countByCgroup, namespacesToLookIn, ownCgroup } from './own-cgroup.ts';

const leader = { pid: 1, startTimeTicks: '1', command: 'x' };
const group = (...namespaces: string[]) => ({ namespaces, processes: 1, leader });

describe('the cgroup of a workload', () => {
  it('is its own only where nobody else lives in it', () => {
    const workloads = [{ cgroupPath: '/a' }, { cgroupPath: '/b' }, { cgroupPath: '/b' }, { cgroupPath: '/' }] as never[];
    const counts = countByCgroup(workloads);
    expect(['/a', '/b', '/'].map((cgroupPath) => ownCgroup({ cgroupPath }, counts))).toEqual(['/a', undefined, undefined]);
  });
});

describe('where to look for the processes of a workload', () => {
  const members = new Map([
    ['host', 400],
    ['net', 3],
    ['pid', 5],
    ['other', 2],
  ]);
  const look = (groups: ReturnType<typeof group>[], most = 8) => namespacesToLookIn({ groups }, (key) => members.get(key), most);

  it('is the smallest namespace of each of its groups', () => {
    expect(look([group('host', 'pid', 'net'), group('host', 'other')])).toEqual(['net', 'other']);
  });

  it('is asked once where groups share it, and no oftener than allowed', () => {
    expect(look([group('host', 'net'), group('host', 'net', 'pid')])).toEqual(['net']);
    expect(look([group('net'), group('other')], 1)).toEqual(['net']);
  });

  it('is anything rather than nothing where sizes are not known', () => {
    expect(look([group('unknown')])).toEqual(['unknown']);
  });
});
