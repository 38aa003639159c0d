import { describe, expect, test } from 'vitest';
import { parseIdMap, readIdMap } from './id-map.ts';

describe('parseIdMap', () => {
  test.each([
    ['the initial namespace', '         0          0 4294967295\n', [{ containerId: 0, hostId: 0, size: 4_294_967_295 }]],
    [
      'two rows',
      '         0     100000      65536\n     65536     300000          1\n',
      [
        { containerId: 0, hostId: 100_000, size: 65_536 },
        { containerId: 65_536, hostId: 300_000, size: 1 },
      ],
    ],
    ['a namespace not mapped yet', '', []],
  ])('reads %s', (_, text, rows) => {
    expect(parseIdMap(text)).toEqual(rows);
  });
  test.each(['0 1', '0 1 2 3', '0 x 1', '-1 0 1'])('refuses %j and names it', (line) => {
    expect(() => parseIdMap(`${line}\n`)).toThrow(JSON.stringify(line));
  });
});

test('the own process has a map', () => {
  expect(readIdMap(process.pid, 'uid_map')?.length).toBeGreaterThan(0);
});
