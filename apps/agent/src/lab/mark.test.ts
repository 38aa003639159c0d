import { describe, expect, it } from 'vitest';
import { markOf, runOf } from './mark.ts';

describe('a container of a lab', () => {
  const container = { tenantId: 'lab', name: 'lab-shares-1a2b-less' };
  it('is known by tenant, name and environment together', () => {
    expect(runOf(container, { env: ['A=b', markOf('1a2b')] })).toBe('1a2b');
  });

  it('is never one that somebody else named so', () => {
    expect(runOf(container, { env: [] })).toBe(undefined);
    expect(runOf(container, { env: [markOf('1a2c')] })).toBe(undefined);
    expect(runOf({ ...container, tenantId: 'acme' }, { env: [markOf('1a2b')] })).toBe(undefined);
    for (const name of ['lab-shares-1a2b', 'lab-shares-1a2b-less-2', 'lab-other-1a2b-less', 'my-lab-shares-1a2b-less'])
      expect(runOf({ ...container, name }, { env: [markOf('1a2b')] })).toBe(undefined);
  });
});
