import type { LabCheck } from '@bulkhead/model';
import { describe, expect, it } from 'vitest';
import { checkRow, stepLine } from './words.ts';

const check = (facts: Partial<LabCheck>): LabCheck => ({
  key: 'less-share',
  unit: 'percent',
  is: 'within',
  expected: 20,
  tolerance: 2,
  measured: 20.0026,
  passed: true,
  ...facts,
});

describe('a verdict', () => {
  it('names what was expected, how near, and what was measured', () => {
    expect(checkRow(check({}))).toEqual(['passed', 'share of the group with 200 shares', '20.00 % ± 2 points', '20.00 %']);
    expect(checkRow(check({ key: 'most-tasks', unit: 'count', is: 'at-most', expected: 20, measured: 21, passed: false }))).toEqual([
      'FAILED',
      'most tasks at once',
      'at most 20',
      '21',
    ]);
    expect(checkRow(check({ key: 'end-signal', unit: 'signal', expected: 9, tolerance: 0, measured: 9 })).slice(2)).toEqual([
      'SIGKILL',
      'SIGKILL',
    ]);
    expect(checkRow(check({ key: 'first-work', unit: 'usec', expected: 1e6, tolerance: 50_000, measured: 1_005_758.34 })).slice(2)).toEqual(
      ['1.000000 s ± 0.050000 s', '1.005758 s'],
    );
  });

  it('never shows what was not measured as a number', () => {
    const { measured: _, ...rest } = check({ passed: false });
    expect(checkRow(rest).at(-1)).toBe('not measured');
  });
});

describe('a step', () => {
  it('is one line, a write as the command that does the same', () => {
    expect(stepLine({ type: 'write', atMsec: 52, setting: 'cpu.weight', file: '/f', value: '200', command: 'echo 200 > /f' })).toBe(
      '  0.05 s  # echo 200 > /f',
    );
    expect(stepLine({ type: 'created', atMsec: 35, container: 'c', cgroupPath: '/p', args: ['sh', '-c', 'a=1\nb=\x1b'] })).toBe(
      "  0.04 s  made c in /p: sh -c 'a=1; b=\\x1b'",
    );
    expect(
      stepLine({
        type: 'exited',
        atMsec: 2731,
        container: 'c',
        exitStatus: { kind: 'signaled', signal: 9, coreDumped: false },
        oomKilled: true,
      }),
    ).toBe('  2.73 s  c ended by SIGKILL, by the OOM killer');
  });
});
