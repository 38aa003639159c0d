import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LogFile } from './log-file.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'bulkhead-log-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('a log stays within four files of 10 MiB, the newest lines in the first, readable for root alone', () => {
  const path = join(directory, 'web.log');
  const log = new LogFile(path);
  const chunk = Buffer.alloc(1024 * 1024, 'x');
  for (let index = 0; index < 75; index += 1) log.write(Buffer.concat([Buffer.from(`${index}\n`), chunk]));
  log.close();
  expect(readdirSync(directory).sort()).toEqual(['web.log', 'web.log.1', 'web.log.2', 'web.log.3']);
  for (const name of readdirSync(directory)) {
    const { size, mode } = statSync(join(directory, name));
    expect(size).toBeLessThanOrEqual(10 * 1024 * 1024);
    expect(mode & 0o777).toBe(0o600);
  }
  expect(readFileSync(path, 'latin1')).toContain('74\n');
});

test('what cannot be written is counted, stops nobody, and is told when there is room again', () => {
  const path = join(directory, 'gone', 'web.log');
  const log = new LogFile(path);
  log.write(Buffer.from('12345'));
  log.write(Buffer.from('67'));
  const { mkdirSync } = process.getBuiltinModule('node:fs');
  mkdirSync(join(directory, 'gone'));
  log.write(Buffer.from('fine\n'));
  log.close();
  expect(readFileSync(path, 'utf8')).toBe('bulkhead: 7 bytes of log were dropped here\nfine\n');
});
