import { expect, it } from 'vitest';
import { RefusalLog } from './refusal-log.ts';

it('writes the first refusals of a flood, and later how many more there were', () => {
  const written: { subject?: unknown; detail?: unknown }[] = [];
  const refusals = new RefusalLog({
    record: async (_kind, facts) => {
      written.push(facts ?? {});
    },
  });
  const caller = { subject: { kind: 'user' as const, id: 'u', name: 'Ada' }, role: 'member' as const, tenants: new Set<string>() };
  for (let count = 0; count < 500; count += 1) refusals.note('host.info', 'no', caller, 1000);
  expect(written).toHaveLength(10);
  expect(written[0]).toEqual({ subject: caller.subject, detail: { procedure: 'host.info', reason: 'no' } });
  refusals.note('host.info', 'no', undefined, 61_001);
  expect(written.at(-1)).toEqual({ detail: { procedure: 'host.info', reason: 'no', unwrittenBefore: 490 } });
});
