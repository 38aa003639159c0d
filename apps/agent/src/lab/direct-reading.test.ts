import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { deviceNumber } from './direct-reading.ts';

describe('the number of a device', () => {
  it('is what stat(1) says', () => {
    for (const path of ['/', '/proc', '/dev/null']) {
      const { major, minor } = deviceNumber(statSync(path, { bigint: true }).dev);
      expect(`${major}:${minor}`).toBe(execFileSync('stat', ['--format', '%Hd:%Ld', path], { encoding: 'utf8' }).trim());
    }
  });

  it('may be longer than a byte in both parts', () => {
    // makedev(0x103, 0x12345)
    expect(deviceNumber(0x1231_0345n)).toEqual({ major: 0x103, minor: 0x1_2345 });
    expect(deviceNumber(0xfe00n)).toEqual({ major: 254, minor: 0 });
  });
});
