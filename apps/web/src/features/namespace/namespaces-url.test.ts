import { describe, expect, it } from 'vitest';
import { readView, workloadHref, writeView } from './namespaces-url.ts';

describe('the address of the namespaces page', () => {
  it('is empty for what is as usual', () => {
    expect(writeView(readView(new URLSearchParams()))).toBe('');
  });

  it('keeps everything that is shown', () => {
    const view = {
      ...readView(new URLSearchParams()),
      view: 'graph' as const,
      search: 'web & co',
      type: 'user' as const,
      runtime: 'docker' as const,
      empty: true,
      sort: { column: 'processes' as const, descending: true },
      open: [':docker:', ':docker:api-0'],
      collapsed: ['systemd' as const],
      room: '4-1',
      focus: '4-2',
    };
    expect(readView(new URLSearchParams(writeView(view)))).toEqual(view);
  });

  it('takes nonsense for what is usual', () => {
    expect(readView(new URLSearchParams('type=door&runtime=x&sort=-none&view=3d&collapse=y'))).toEqual(readView(new URLSearchParams()));
  });

  it('leads to a container of ours where it is one', () => {
    expect(workloadHref({ id: 'w 1', maker: {} })).toBe('/workloads/w%201');
    expect(workloadHref({ id: 'w', maker: { containerId: '00000000000000aa' } })).toBe('/containers/00000000000000aa');
  });
});
