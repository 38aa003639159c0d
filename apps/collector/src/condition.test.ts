import { Problem } from '@bulkhead/model';
import { TRPCClientError } from '@trpc/client';
import { describe, expect, test } from 'vitest';
import { Condition, explain, troubleOf } from './condition.ts';

const refused = Object.assign(new Error('connect ECONNREFUSED /run/agent.sock'), { code: 'ECONNREFUSED' });
const answered = (problem: string) =>
  TRPCClientError.from({ error: { message: 'no', code: -32_000, data: { problem } } } as unknown as Parameters<
    typeof TRPCClientError.from
  >[0]);

describe('trouble', () => {
  test.each([
    ['a broken agent socket', TRPCClientError.from(new TypeError('fetch failed', { cause: refused })), 'agent-away'],
    ['an agent that is starting', answered('unavailable'), 'agent-away'],
    ['an agent that does not accept the statement', answered('unauthenticated'), 'refused'],
    ['an agent that fails', answered('internal'), 'failed'],
    ['a broken database socket', refused, 'database-away'],
    ['a database that is away', new Problem('unavailable', 'the database is away'), 'database-away'],
    ['a page that is not understood', new Problem('invalid', 'not understood'), 'failed'],
    ['a mistake of ours', new TypeError('x is undefined'), 'failed'],
  ])('%s', (_, failure, trouble) => {
    expect(troubleOf(failure)).toBe(trouble);
  });
});

describe('condition', () => {
  test('tells each change once, and waits longer while the same trouble lasts', () => {
    const condition = new Condition();
    expect(condition.note('agent-away')).toEqual({ from: 'starting', to: 'agent-away' });
    const waits = Array.from({ length: 8 }, () => {
      expect(condition.note('agent-away')).toBeUndefined();
      return condition.waitMsec;
    });
    expect(waits).toEqual([2000, 4000, 5000, 5000, 5000, 5000, 5000, 5000]);
    expect(condition.note('collecting')).toEqual({ from: 'agent-away', to: 'collecting' });
    expect(condition.waitMsec).toBe(1000);
    condition.note('agent-away');
    expect(condition.waitMsec).toBe(1000);
  });

  test('a failure is explained with its causes, each once', () => {
    expect(explain(new Error('fetch failed', { cause: refused }))).toBe('fetch failed: connect ECONNREFUSED /run/agent.sock');
    expect(explain(new Error('same', { cause: new Error('same') }))).toBe('same');
  });
});
