import { expect, test } from 'vitest';
import { nextBackoffMsec } from './backoff.ts';
import { withRole } from './database.ts';
import { LastLines } from './last-lines.ts';

const explain = (...chunks: string[]) => {
  const lines = new LastLines();
  for (const chunk of chunks) lines.push(Buffer.from(chunk));
  return lines.explain();
};

test('the line that names the cause is picked out of what a program said', () => {
  expect(explain('2026 LOG:  starting\n2026 FATAL:  data directory "x" has wrong ownership\n2026 HINT:  mend it\n')).toBe(
    '2026 FATAL:  data directory "x" has wrong ownership',
  );
  expect(
    explain('{"level":30,"msg":"hello"}\n{"level":60,"msg":"cannot start","err":{"message":"EACCES"}}\n{"level":30,"msg":"bye"}\n'),
  ).toBe('cannot start: EACCES');
  expect(explain('node:internal\n\nError: Cannot find module x\n    at a\n    at b\n\nNode.js v26.10.0\n')).toBe(
    'Error: Cannot find module x',
  );
  expect(explain('{"level":"info","message":"a"}\n{"level":"fatal","message":"this kernel cannot"}\n')).toBe('this kernel cannot');
  expect(explain('launcher: this kernel has no user namespaces')).toBe('launcher: this kernel has no user namespaces');
  expect(explain('')).toBeUndefined();
});

test('a line that comes in pieces is one line, and only the end of much is kept', () => {
  expect(explain('FATAL: ha', 'lf\n')).toBe('FATAL: half');
  expect(explain(`${'x\n'.repeat(100_000)}last`)).toBe('last');
});

test('restarts wait 0.2 s, then twice as long each time, 30 s at most', () => {
  expect([1, 2, 3, 4, 8, 9, 50].map(nextBackoffMsec)).toEqual([200, 400, 800, 1600, 25_600, 30_000, 30_000]);
});

test('a service reaches the same database under its own role', () => {
  expect(withRole('postgresql://owner:secret@db.example:5432/b?sslmode=require', 'bulkhead_web_0aa', 'p@:/ß')).toBe(
    'postgresql://bulkhead_web_0aa:p%40%3A%2F%C3%9F@db.example:5432/b?sslmode=require',
  );
});
