import { describe, expect, test } from 'vitest';
import { counterKinds } from './counter-kinds.ts';

/** What a file tells, as the meter reads it; `garbage` where it is not understood. */
function read(name: string, version: 1 | 2, text: string): number[] | 'garbage' {
  const kind = counterKinds.find((each) => each.name === name);
  if (kind === undefined) throw new Error(`nobody reads ${name}`);
  // What the file before left in the buffer must not be taken for this one's.
  const bytes = Buffer.alloc(4096, '7');
  bytes.write(text, 'latin1');
  const out = new Float64Array(3).fill(-1);
  const isUnderstood = kind.scan(bytes, text.length, version, out);
  return isUnderstood ? [...out] : 'garbage';
}
const nan = Number.NaN;

// Texts of version 1 as Linux 6.18 wrote them; of version 2 as 6.18 (cpu.stat, pressure) and cgroup-v2.rst (io.stat) have them.
const bytesOfOldDisk = `254:0 Read 1222115328
254:0 Write 611180544
254:0 Sync 1694633984
254:0 Async 428802048
254:0 Discard 290140160
254:0 Total 2123436032
Total 2123436032
`;
const unifiedCpu = 'usage_usec 899305333\nuser_usec 780935603\nsystem_usec 118369730\nnice_usec 0\n';
const unifiedCpuEnabled = `${unifiedCpu}core_sched.force_idle_usec 0\nnr_periods 40\nnr_throttled 11\nthrottled_usec 1042000\nnr_bursts 0\nburst_usec 0\n`;
const pressure = 'some avg10=4.96 avg60=7.39 avg300=4.76 total=46299237\nfull avg10=0.50 avg60=0.00 avg300=0.00 total=0\n';
const ioStat = `8:16 rbytes=1459200 wbytes=314773504 rios=192 wios=353 dbytes=0 dios=0
8:0 rbytes=90430464 wbytes=299008000 rios=8950 wios=1252 dbytes=50331648 dios=3021
`;

describe('what each file tells', () => {
  test.each<[string, 1 | 2, string, number[]]>([
    ['cpu', 1, '927830757422\n', [927830757.422, nan, -1]],
    ['cpu', 1, '0\n', [0, nan, -1]],
    ['cpu', 1, '12', [0.012, nan, -1]],
    ['cpu', 2, unifiedCpu, [899305333, nan, nan]],
    ['cpu', 2, unifiedCpuEnabled, [899305333, 40, 11]],
    ['throttling', 1, 'nr_periods 12\nnr_throttled 3\nthrottled_time 250000999\nnr_bursts 0\nburst_time 0\n', [12, 3, -1]],
    ['throttling', 1, '', [nan, nan, -1]],
    ['memory', 1, '2588815360\n', [2588815360, -1, -1]],
    // What no limit reads as: not exact, and near enough.
    ['memory', 2, '18446744073709551615\n', [2 ** 64, -1, -1]],
    ['pids', 1, '3\n', [3, -1, -1]],
    ['io', 1, bytesOfOldDisk, [1222115328, 611180544, -1]],
    ['io', 1, `${bytesOfOldDisk.replace('Total 2123436032\n', '')}8:0 Read 5\n8:0 Write 6\nTotal 11\n`, [1222115333, 611180550, -1]],
    ['io', 1, 'Total 0\n', [0, 0, -1]],
    ['io', 1, '', [0, 0, -1]],
    ['io', 2, ioStat, [91889664, 613781504, -1]],
    ['io', 2, '', [0, 0, -1]],
    // A device that did nothing stands alone on its line.
    ['io', 2, '7:0\n8:0 rbytes=5 wbytes=6\n', [5, 6, -1]],
    ['io', 2, '8:0 rbytes=5 wbytes=6 rios=1 wios=1 dbytes=0 dios=0 cost.vrate=100.00 cost.usage=17\n', [5, 6, -1]],
    ['cpuPressure', 2, pressure, [0.0496, 0.005, -1]],
    [
      'memoryPressure',
      2,
      'some avg10=100.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=99.99 avg60=0.00 avg300=0.00 total=0\n',
      [1, 0.9999, -1],
    ],
    // Before Linux 5.13 the CPU has one line.
    ['cpuPressure', 2, 'some avg10=0.04 avg60=0.00 avg300=0.00 total=9\n', [0.0004, nan, -1]],
  ])('%s of version %d: %j', (name, version, text, expected) => expect(read(name, version, text)).toEqual(expected));
});

describe('garbage', () => {
  test.each<[string, 1 | 2, string]>([
    ['cpu', 1, ''],
    ['cpu', 1, '\n'],
    ['cpu', 1, '12 13\n'],
    ['cpu', 1, '-1\n'],
    ['cpu', 1, '1\n2\n'],
    ['cpu', 1, '123456789012345678901\n'],
    ['cpu', 2, ''],
    ['cpu', 2, 'usage_usec\n'],
    ['cpu', 2, 'usage_usec many\n'],
    ['cpu', 2, 'usage_usec 1x\n'],
    ['cpu', 2, 'user_usec 5\n'],
    ['throttling', 1, 'nr_periods x\nnr_throttled 3\n'],
    ['memory', 1, 'max\n'],
    ['memory', 2, '0x10\n'],
    ['pids', 1, 'three\n'],
    ['io', 1, '8:0 Read lots\n'],
    ['io', 2, '8:0 rbytes= wbytes=5\n'],
    ['io', 2, '8:0 rbytes=-5\n'],
    ['cpuPressure', 2, ''],
    ['cpuPressure', 2, 'some avg10=\n'],
    ['cpuPressure', 2, 'some avg10=1 avg60=0\n'],
    ['cpuPressure', 2, 'full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n'],
  ])('%s of version %d: %j is no figure', (name, version, text) => expect(read(name, version, text)).toBe('garbage'));
});
