import { describe, expect, it } from 'vitest';
import { Integrals } from './integrals.ts';

const second = 1_000_000_000n;

describe('integrals', () => {
  it('holds a gauge until the next reading', () => {
    const integrals = new Integrals(10n * second);
    integrals.advance(10n * second, 1000n, {});
    integrals.advance(11n * second, 5000n, {});
    integrals.advance(13n * second, 0n, {});
    expect(integrals.toAccumulators()).toEqual({ memoryByteSeconds: '11000', measuredMsec: '3000', unmeasuredMsec: '0' });
  });

  it('flags time before the first reading, without a reading, and after too long a hold', () => {
    const integrals = new Integrals(0n);
    integrals.advance(second / 50n, 100n, {});
    integrals.advance(second / 50n + second, undefined, {});
    integrals.advance(second / 50n + 2n * second, 100n, {});
    integrals.advance(second / 50n + 12n * second, 100n, {});
    expect(integrals.toAccumulators()).toEqual({ memoryByteSeconds: '400', measuredMsec: '4000', unmeasuredMsec: '8020' });
  });

  it('goes on after a restart, and flags the time in between', () => {
    const before = new Integrals(0n);
    before.advance(0n, 10n, {});
    before.advance(2n * second, 10n, {});
    const after = new Integrals(99n * second, JSON.parse(JSON.stringify(before.toStored())));
    after.advance(9n * second, 10n, {});
    after.advance(10n * second, 10n, {});
    expect(after.toAccumulators()).toEqual({ memoryByteSeconds: '30', measuredMsec: '3000', unmeasuredMsec: '7000' });
  });

  it('counts a limit all the time it is in force, measured or not, and none where there is none', () => {
    const integrals = new Integrals(0n);
    integrals.advance(10n * second, 1n, { memoryMaxBytes: 1024 });
    integrals.advance(20n * second, 1n, { cpuMaxMillis: 500 });
    expect(integrals.toAccumulators()).toMatchObject({ memoryLimitByteSeconds: '10240', cpuLimitMilliSeconds: '5000' });
    expect(new Integrals(0n).toAccumulators()).not.toHaveProperty('memoryLimitByteSeconds');
  });

  it('loses nothing to rounding', () => {
    const integrals = new Integrals(0n);
    for (let step = 0; step <= 3000; step += 1) integrals.advance((BigInt(step) * second) / 1000n, 333n, {});
    expect(integrals.toAccumulators()).toMatchObject({ memoryByteSeconds: '999', measuredMsec: '3000' });
  });

  it('is never negative, whatever the clock says', () => {
    const integrals = new Integrals(5n * second);
    integrals.advance(4n * second, 100n, {});
    integrals.advance(6n * second, 100n, {});
    expect(integrals.toAccumulators()).toEqual({ memoryByteSeconds: '100', measuredMsec: '1000', unmeasuredMsec: '0' });
  });
});
