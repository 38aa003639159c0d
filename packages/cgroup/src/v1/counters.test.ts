import type { Reading } from '@bulkhead/model';
import { describe, expect, test } from 'vitest';
import { FormatError } from '../formats.ts';
import type { CounterFile } from '../reader.ts';
import { cpuacctFiles, cpuFiles, parseQuota } from './cpu.ts';
import { ioFiles, parseCountedDevices } from './io.ts';
import { memoryFiles, parseOomKills } from './memory.ts';
import { pidsFiles } from './pids.ts';

const files: readonly CounterFile[] = [...cpuacctFiles, ...cpuFiles, ...memoryFiles, ...ioFiles, ...pidsFiles];

function read(name: string, text: string): Reading {
  const file = files.find((each) => each.file === name);
  if (file === undefined) throw new Error(`nobody reads ${name}`);
  const reading: Reading = {};
  file.parse(text, reading);
  return reading;
}

// Texts as Linux 6.18 wrote them.
const ioBytes = `254:0 Read 4194304
254:0 Write 8192
254:0 Sync 4198400
254:0 Async 4096
254:0 Discard 0
254:0 Total 4202496
8:0 Read 512
8:0 Write 1024
8:0 Sync 1536
8:0 Async 0
8:0 Discard 4096
8:0 Total 5632
Total 4208128
`;

describe('what each file tells', () => {
  test.each<[string, string, Reading]>([
    ['cpuacct.usage', '20123456\n', { cpuUsageNsec: '20123456', cpuUsageUsec: '20123' }],
    ['cpuacct.usage', '0\n', { cpuUsageNsec: '0', cpuUsageUsec: '0' }],
    ['cpuacct.stat', 'user 134560\nsystem 38237\n', { cpuUserUsec: '1345600000', cpuSystemUsec: '382370000' }],
    ['cpuacct.stat', 'user 1\n', { cpuUserUsec: '10000' }],
    [
      'cpu.stat',
      'nr_periods 12\nnr_throttled 3\nthrottled_time 250000999\nnr_bursts 0\nburst_time 0\n',
      { cpuPeriods: '12', cpuThrottledPeriods: '3', cpuThrottledUsec: '250000' },
    ],
    ['cpu.stat', 'nr_periods 12\n', { cpuPeriods: '12' }],
    ['cpu.stat', '', {}],
    ['memory.usage_in_bytes', '262144\n', { memoryCurrentBytes: '262144' }],
    ['memory.max_usage_in_bytes', '9223372036854771712\n', { memoryPeakBytes: '9223372036854771712' }],
    ['blkio.throttle.io_service_bytes_recursive', ioBytes, { ioReadBytes: '4194816', ioWriteBytes: '9216' }],
    ['blkio.throttle.io_service_bytes_recursive', 'Total 0\n', { ioReadBytes: '0', ioWriteBytes: '0' }],
    ['blkio.throttle.io_service_bytes_recursive', '', { ioReadBytes: '0', ioWriteBytes: '0' }],
    [
      'blkio.throttle.io_serviced_recursive',
      '254:0 Read 64\n254:0 Write 7\nTotal 71\n',
      { ioReadOperations: '64', ioWriteOperations: '7' },
    ],
    ['pids.current', '3\n', { pidsCurrent: '3' }],
  ])('%s: %j', (name, text, reading) => expect(read(name, text)).toEqual(reading));

  test('sums do not lose a byte beyond what a JavaScript number holds', () => {
    const text = '8:0 Read 9007199254740993\n254:0 Read 9007199254740993\n';
    expect(read('blkio.throttle.io_service_bytes_recursive', text).ioReadBytes).toBe('18014398509481986');
  });

  test.each([
    ['cpuacct.usage', 'x\n'],
    ['cpuacct.usage', ''],
    ['cpuacct.stat', 'user x\n'],
    ['cpuacct.stat', 'user\n'],
    ['cpu.stat', 'throttled_time -1\n'],
    ['memory.usage_in_bytes', 'max\n'],
    ['memory.max_usage_in_bytes', '\n'],
    ['blkio.throttle.io_service_bytes_recursive', '8:0 Read x\n'],
    ['blkio.throttle.io_service_bytes_recursive', '8:0 Read\n'],
    ['blkio.throttle.io_serviced_recursive', '8:0 Read 1 2\n'],
    ['pids.current', 'max\n'],
  ])('%s: %j is refused', (name, text) => expect(() => read(name, text)).toThrow(FormatError));
});

describe('memory.oom_control', () => {
  test.each([
    ['Linux 6.18', 'oom_kill_disable 0\nunder_oom 0\noom_kill 1\n', '1'],
    ['before 4.13', 'oom_kill_disable 0\nunder_oom 0\n', undefined],
  ])('%s', (_, text, kills) => expect(parseOomKills(text)).toBe(kills));
  test('garbage is refused', () => expect(() => parseOomKills('oom_kill x\n')).toThrow('oom_kill x'));
});

describe('cpu.cfs_quota_us and cpu.cfs_period_us', () => {
  test.each([
    ['-1\n', '100000\n', 'max'],
    ['50000\n', '100000\n', 500],
    ['50000\n', '25000\n', 2000],
  ])('%j of %j', (quota, period, millis) => expect(parseQuota(quota, period)).toBe(millis));
  test.each([
    ['-2\n', '100000\n'],
    ['50000\n', '0\n'],
    ['50000\n', 'max\n'],
  ])('%j of %j is refused', (quota, period) => expect(() => parseQuota(quota, period)).toThrow(FormatError));
});

test('devices whose I/O is counted', () => {
  expect([...parseCountedDevices(ioBytes)]).toEqual(['254:0', '8:0']);
  expect([...parseCountedDevices('Total 0\n')]).toEqual([]);
});
