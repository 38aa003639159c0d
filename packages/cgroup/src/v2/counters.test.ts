import type { Reading } from '@bulkhead/model';
import { describe, expect, test } from 'vitest';
import { FormatError } from '../formats.ts';
import type { CounterFile } from '../reader.ts';
import { cpuFiles, parseCpuMax } from './cpu.ts';
import { ioFiles } from './io.ts';
import { memoryFiles } from './memory.ts';
import { pidsFiles } from './pids.ts';
import { pressureFiles } from './pressure.ts';

const files: readonly CounterFile[] = [...cpuFiles, ...memoryFiles, ...ioFiles, ...pidsFiles, ...pressureFiles];

function read(name: string, text: string): Reading {
  const file = files.find((each) => each.file === name);
  if (file === undefined) throw new Error(`nobody reads ${name}`);
  const reading: Reading = {};
  file.parse(text, reading);
  return reading;
}

// cpu.stat as Linux 6.18 writes it for a group without the cpu controller; with it, the lines on periods follow
const cpuUsage = 'usage_usec 1234567\nuser_usec 1000000\nsystem_usec 234567\nnice_usec 0\ncore_sched.force_idle_usec 0\n';
const cpuPeriods = 'nr_periods 40\nnr_throttled 12\nthrottled_usec 345678\nnr_bursts 0\nburst_usec 0\n';
const usage = { cpuUsageUsec: '1234567', cpuUserUsec: '1000000', cpuSystemUsec: '234567' };

const io = { ioReadBytes: '91889664', ioWriteBytes: '314773504', ioReadOperations: '9142', ioWriteOperations: '353' };

describe('what each file tells', () => {
  test.each<[string, string, Reading]>([
    ['cpu.stat', cpuUsage, usage],
    ['cpu.stat', cpuUsage + cpuPeriods, { ...usage, cpuPeriods: '40', cpuThrottledPeriods: '12', cpuThrottledUsec: '345678' }],
    ['memory.current', '262144\n', { memoryCurrentBytes: '262144' }],
    ['memory.peak', '524288\n', { memoryPeakBytes: '524288' }],
    ['memory.events', 'low 0\nhigh 0\nmax 8\noom 1\noom_kill 1\noom_group_kill 0\n', { memoryOomKills: '1' }],
    ['memory.events', 'low 0\nhigh 0\nmax 0\n', {}],
    // the example of cgroup-v2.rst
    [
      'io.stat',
      '8:16 rbytes=1459200 wbytes=314773504 rios=192 wios=353 dbytes=0 dios=0\n8:0 rbytes=90430464 wbytes=0 rios=8950 wios=0 dbytes=50331648 dios=3021\n',
      io,
    ],
    ['io.stat', '8:0 \n', { ioReadBytes: '0', ioWriteBytes: '0', ioReadOperations: '0', ioWriteOperations: '0' }],
    ['io.stat', '', { ioReadBytes: '0', ioWriteBytes: '0', ioReadOperations: '0', ioWriteOperations: '0' }],
    ['pids.current', '3\n', { pidsCurrent: '3' }],
    [
      'memory.pressure',
      'some avg10=0.00 avg60=0.35 avg300=0.10 total=18446744073709551\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=5\n',
      { memoryStalledUsec: '18446744073709551' },
    ],
  ])('%s: %j', (name, text, reading) => expect(read(name, text)).toEqual(reading));

  test.each([
    ['cpu.stat', 'usage_usec max\n'],
    ['memory.current', 'max\n'],
    ['memory.peak', '\n'],
    ['memory.events', 'oom_kill\n'],
    ['io.stat', '8:0 rbytes=x\n'],
    ['io.stat', '8:0 rbytes\n'],
    ['pids.current', 'max\n'],
    ['cpu.pressure', 'full avg10=0.00 avg60=0.00 avg300=0.00 total=5\n'],
  ])('%s: %j is refused', (name, text) => expect(() => read(name, text)).toThrow(FormatError));
});

describe('cpu.max', () => {
  test.each([
    ['max 100000\n', 'max'],
    ['50000 100000\n', 500],
    ['10000 20000\n', 500],
  ])('%j', (text, millis) => expect(parseCpuMax(text)).toBe(millis));
  test.each(['', '\n', '50000\n', '50000 0\n', 'x 100000\n', '1 2 3\n'])('%j is refused', (text) =>
    expect(() => parseCpuMax(text)).toThrow(FormatError),
  );
});
