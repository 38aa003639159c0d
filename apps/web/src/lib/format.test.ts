import { describe, expect, it } from 'vitest';
import {
  formatByteHours,
  formatBytes,
  formatBytesPerSecond,
  formatCores,
  formatDuration,
  formatExactTime,
  formatPercent,
  formatRelative,
  scaleBytes,
} from './format.ts';

const words = { bytes: 'bytes', cores: 'cores', perSecond: '/s', microseconds: 'µs' };

describe('formatBytes', () => {
  it.each([
    [0n, '0 B'],
    [1n, '1 B'],
    [999n, '999 B'],
    [1023n, '0.999 KiB'],
    [1024n, '1 KiB'],
    [327_155_712n, '312 MiB'],
    [1_048_575n, '1 MiB'],
    [536_870_912n, '512 MiB'],
    [18_446_744_073_709_551_615n, '16 EiB'],
    [1_023_410_176n, '976 MiB'],
  ])('writes %d bytes as %s', (bytes, text) => {
    expect(formatBytes('en', bytes, words).text).toBe(text);
  });

  it('tells every byte of a counter that no JavaScript number holds', () => {
    expect(formatBytes('en', 18_446_744_073_709_551_615n, words).exact).toBe('18,446,744,073,709,551,615 bytes');
  });

  it('never shows more than three digits before the unit', () => {
    for (let bytes = 1; bytes < 2 ** 40; bytes = Math.ceil(bytes * 1.013)) expect(Math.round(scaleBytes(bytes).value)).toBeLessThan(1000);
  });
});

describe('formatCores', () => {
  it.each([
    [0, '0 cores'],
    [0.4, '< 0.001 cores'],
    [502.7, '0.503 cores'],
    [1240, '1.24 cores'],
    [16_000, '16 cores'],
  ])('writes %d thousandths as %s', (millis, text) => {
    expect(formatCores('en', millis, words).text).toBe(text);
  });
});

describe('formatDuration', () => {
  it.each([
    [0n, '0 sec'],
    [20_000n, '20 ms'],
    [83_400_000n, '1.39 min'],
    [4_464_000_000n, '1.24 hr'],
    [999n, '999 μs'],
  ])('writes %d µs as %s', (usec, text) => {
    expect(formatDuration('en', usec, words).text).toBe(text);
  });
  it('speaks Chinese', () => {
    expect(formatDuration('zh', 4_464_000_000n, words).text).toBe('1.24小时');
  });
});

it('writes memory over time in byte hours', () => {
  expect(formatByteHours('en', 3600n * 1_073_741_824n, words)).toEqual({ text: '1 GiB·h', exact: '3,865,470,566,400 bytes·s' });
});

it('writes rates and shares', () => {
  expect(formatBytesPerSecond('en', 1536, words).text).toBe('1.5 KiB/s');
  expect(formatPercent('en', 0.5027)).toBe('50.3%');
});

describe('formatRelative', () => {
  it.each([
    [0, 'now'],
    [59, '59 seconds ago'],
    [180, '3 minutes ago'],
    [-30, 'now'],
    [90_000, 'yesterday'],
  ])('%d s ago is "%s"', (seconds, text) => {
    expect(formatRelative('en', 1_700_000_000_000 - seconds * 1000, 1_700_000_000_000)).toBe(text);
  });
});

it('names the zone in an exact time', () => {
  expect(formatExactTime('en', 0)).toMatch(/(UTC|GMT|[A-Z]{2,5})/);
});
