import { describe, expect, it } from 'vitest';
import { rank, rankKinds } from './rank.ts';

const item = (label: string, keywords = '') => ({ id: label, label, keywords });
const found = (
  query: string,
  items = [item('webserver'), item('old web', 'nginx'), item('Web'), item('cobweb'), item('database', 'web stores')],
) => rank(items, query, 10).map(({ label }) => label);

describe('the palette', () => {
  it('puts what is called so first, then what begins so, then what has it somewhere', () => {
    expect(found('web')).toEqual(['Web', 'webserver', 'old web', 'cobweb', 'database']);
  });

  it('wants every word, wherever it stands', () => {
    expect(found('web nginx')).toEqual(['old web']);
    expect(found('web nothing')).toEqual([]);
  });

  it('shows the first of each kind before anything is typed', () => {
    expect(rank([item('a'), item('b'), item('c')], ' ', 2).map(({ label }) => label)).toEqual(['a', 'b']);
  });

  it('puts the kind first that has the best answer, and leaves out those without any', () => {
    const kinds = [
      { kind: 'pages', items: [item('Cgroups')] },
      { kind: 'workloads', items: [item('ssh.service', '/system.slice/ssh.service')] },
      { kind: 'cgroups', items: [item('/system.slice/ssh.service')] },
    ];
    expect(rankKinds(kinds, '/system.slice/ssh.service', 3).map(({ kind }) => kind)).toEqual(['cgroups', 'workloads']);
    expect(rankKinds(kinds, '', 3).map(({ kind }) => kind)).toEqual(['pages', 'workloads', 'cgroups']);
  });

  it('goes through ten thousand things between two keys', () => {
    const many = Array.from({ length: 10_000 }, (_, index) => item(`api-${index}`, `docker network ${index}`));
    const started = performance.now();
    expect(rank(many, 'api 77', 8)).toHaveLength(8);
    expect(performance.now() - started).toBeLessThan(150);
  });
});
