import { Problem } from '@bulkhead/model';
import { TRPCClientError } from '@trpc/client';
import { expect, test } from 'vitest';
import { exitCodeOfProblem, nameOptions, toProblem } from './failure.ts';

const answer = (message: string, data: object) => TRPCClientError.from({ error: { code: -32_600, message, data } } as never);

test('fields of an answer are called as on the command line', () => {
  expect(nameOptions('limits.memoryMaxBytes: must be at least 1M; env.0: must look like NAME=value')).toBe(
    '--memory: must be at least 1M; --env: must look like NAME=value',
  );
  expect(nameOptions('a name: taken')).toBe('a name: taken');
});

test('an answer keeps its code and remedy; a mistake of the person exits with 2, all else with 1', () => {
  const taken = toProblem(answer('the name is taken', { problem: 'conflict', remedy: 'choose another' }));
  expect(taken).toMatchObject({ code: 'conflict', remedy: 'choose another' });
  expect(exitCodeOfProblem(taken)).toBe(1);
  expect(exitCodeOfProblem(toProblem(answer('x', { problem: 'invalid' })))).toBe(2);
});

test('an internal error names its reference and where the log is', () => {
  expect(toProblem(answer('internal error', { problem: 'internal', reference: 'ab12' }))).toMatchObject({
    message: 'internal error (reference ab12)',
    remedy: expect.stringContaining('service logs'),
  });
});

test('nobody at the socket means that bulkhead does not run; a full disk is told as one', () => {
  for (const code of ['ENOENT', 'ECONNREFUSED'])
    expect(toProblem(TRPCClientError.from(Object.assign(new Error('connect'), { code })))).toMatchObject({
      message: 'bulkhead is not running here',
    });
  expect(toProblem(Object.assign(new Error('write'), { code: 'ENOSPC' }))).toMatchObject({
    code: 'exhausted',
    message: expect.stringContaining('disk is full'),
  });
  const own = new Problem('invalid', 'x');
  expect(toProblem(own)).toBe(own);
});
