import { expect, test } from 'vitest';
import { formatReport } from './doctor.ts';

test('one line a check in columns, below it what it costs and what to do, groups in their order, counts at the end', () => {
  const text = formatReport({
    at: '2026-01-01T00:00:00.000Z',
    checks: [
      { id: 'clock.source', group: 'clock', state: 'good', title: 'Source', found: 'tsc' },
      {
        id: 'kernel.psi',
        group: 'kernel',
        state: 'attention',
        title: 'Pressure',
        found: 'switched off',
        cost: 'waiting is not shown',
        remedy: 'psi=1',
      },
      { id: 'disk.run', group: 'disk', state: 'bad', title: 'Space', found: 'evil \u001b[2J', cost: 'nothing starts' },
    ],
  });
  expect(text).toBe(`Kernel
  attention  Pressure  switched off
                       cost: waiting is not shown
                       do:   psi=1

Clock
  good       Source    tsc

Disk
  bad        Space     evil \\x1b[2J
                       cost: nothing starts

1 good, 1 attention, 1 bad, 0 unknown
`);
});
