import { describe, expect, it } from 'vitest';
import { cpuBetween, rankByUse, whyNothing } from './ranking.ts';

describe('a ranking', () => {
  it('has the largest first and leaves out what was not measured', () => {
    expect(rankByUse([{ value: 1 }, { value: undefined }, { value: 3 }, { value: 0 }], 2)).toEqual([{ value: 3 }, { value: 1 }]);
  });

  it('says that nothing runs only where that is known', () => {
    const known = { known: true, away: false, running: 0, unmeasured: 0 };
    expect(whyNothing(known)).toBe('noneRunning');
    expect(whyNothing({ ...known, running: 4 })).toBe('waiting');
    expect(whyNothing({ ...known, known: false })).toBe('waiting');
    expect(whyNothing({ ...known, away: true, running: 4 })).toBe('useUnknown');
    expect(whyNothing({ ...known, unmeasured: 3 })).toBe('noneMeasured');
  });
});

describe('CPU between two totals', () => {
  it('is the mean in thousandths', () => {
    expect(cpuBetween({ atMsec: 0, cpuUsec: 0n }, { atMsec: 5_000, cpuUsec: 2_500_000n })).toBe(500);
  });

  it('is not known from one, nor of another life of the process', () => {
    expect(cpuBetween(undefined, { atMsec: 1, cpuUsec: 1n })).toBeUndefined();
    expect(cpuBetween({ atMsec: 0, cpuUsec: 9n }, { atMsec: 1, cpuUsec: 1n })).toBeUndefined();
    expect(cpuBetween({ atMsec: 1, cpuUsec: 1n }, { atMsec: 1, cpuUsec: 1n })).toBeUndefined();
  });
});
