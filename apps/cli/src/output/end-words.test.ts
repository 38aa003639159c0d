import { expect, it } from 'vitest';
import { describeEnd } from './end-words.ts';

const mebibyte = 1024 ** 2;

it('says in a sentence why a container ended', () => {
  expect(describeEnd({ kind: 'memory-limit', limitBytes: 64 * mebibyte, peakBytes: 64 * mebibyte })).toBe(
    'The kernel killed it: it reached its memory limit of 64M; it had used up to 64M.',
  );
  const asked = { kind: 'asked', subject: { kind: 'user', id: 'u1', name: 'Ada' }, signal: 15 } as const;
  expect(describeEnd({ ...asked, exitStatus: { kind: 'exited', code: 0 } })).toBe('Ada asked it to end (SIGTERM).');
  expect(describeEnd({ ...asked, exitStatus: { kind: 'signaled', signal: 9, coreDumped: false } })).toContain('was killed (SIGKILL)');
  expect(describeEnd({ kind: 'failed', code: 3 })).toBe('It ended by itself, with exit code 3.');
});

it('says what is not known, never 0', () => {
  expect(describeEnd({ kind: 'memory-limit', limitBytes: mebibyte, peakBytes: undefined })).toContain('not known');
  expect(describeEnd({ kind: 'unknown', reason: undefined })).toBe('How it ended is not known.');
  expect(describeEnd({ kind: 'unknown', reason: 'nobody watched' })).toBe('How it ended is not known: nobody watched.');
});
