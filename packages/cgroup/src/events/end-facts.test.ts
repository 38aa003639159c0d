import { expect, it } from 'vitest';
import { parsePressureTotal } from './end-facts.ts';

it('pressure over a life is read off the first line, whatever follows', () => {
  const text = 'some avg10=1.50 avg60=12.35 avg300=0.10 total=1234567\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=9\n';
  expect(parsePressureTotal(text)).toEqual({ someUsec: 1_234_567, someLastMinute: 0.1235 });
  expect(() => parsePressureTotal('some avg10=x\n')).toThrow('not some');
});
