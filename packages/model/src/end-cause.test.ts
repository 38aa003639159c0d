import { describe, expect, it } from 'vitest';
import type { ExitStatus } from './container.ts';
import { endCauseOf, shortEnd } from './end-cause.ts';
import type { PostMortem } from './post-mortem.ts';

const mebibyte = 1024 ** 2;
const root = { kind: 'local-root', id: '0', name: 'root' } as const;
const killed: ExitStatus = { kind: 'signaled', signal: 9, coreDumped: false };
const exited = (code: number): ExitStatus => ({ kind: 'exited', code });

const card = (facts: Partial<PostMortem> = {}): PostMortem => ({
  containerId: '0123456789abcdef',
  tenantId: 'acme',
  sealedAt: '2026-11-20T12:00:10.000Z',
  finishedAt: '2026-11-20T12:00:09.000Z',
  exitStatus: killed,
  cgroupPath: '/bulkhead-a1f/acme/0123456789abcdef',
  cgroupVersion: 1,
  isWhole: true,
  victims: [],
  limitChanges: [],
  ...facts,
});
const container = (exitStatus: ExitStatus, limits = {}) => ({ exitStatus, limits, finishedAt: '2026-11-20T12:00:09.000Z' });

describe('why a container ended', () => {
  const limit = 64 * mebibyte;
  const oom = card({
    reading: { memoryOomKills: '1', memoryPeakBytes: String(limit) },
    limits: { memoryMaxBytes: limit },
    victims: [{ pid: 7, command: 'tail', limitPath: '/bulkhead-a1f/acme/0123456789abcdef' }],
  });

  it('is its own limit of memory, with the most it held', () => {
    expect(endCauseOf(container(killed), oom)).toEqual({ kind: 'memory-limit', limitBytes: limit, peakBytes: limit });
    // Without a victim the peak tells it.
    expect(endCauseOf(container(killed), { ...oom, victims: [] })).toMatchObject({ kind: 'memory-limit' });
  });

  it('is the limit of a group above, or a host without memory, where the kernel’s log says so', () => {
    const above = { ...oom, victims: [{ pid: 7, command: 'tail', limitPath: '/bulkhead-a1f' }] };
    expect(endCauseOf(container(killed), above)).toMatchObject({ kind: 'memory-limit-above', path: '/bulkhead-a1f' });
    expect(endCauseOf(container(killed), { ...oom, victims: [{ pid: 7, command: 'tail' }] })).toMatchObject({ kind: 'memory-host' });
  });

  it('is not guessed where nobody knows whose limit it was', () => {
    const far = card({ reading: { memoryOomKills: '1', memoryPeakBytes: '4096' }, limits: { memoryMaxBytes: limit } });
    expect(endCauseOf(container(killed), far)).toEqual({ kind: 'memory-unknown', peakBytes: 4096 });
    expect(endCauseOf({ ...container(killed), oomKilled: true }, undefined)).toEqual({ kind: 'memory-unknown', peakBytes: undefined });
  });

  it('is whoever asked for it, also where it took SIGKILL in the end or ended in good order', () => {
    const asked = { at: '2026-11-20T12:00:00.000Z', subject: root, signal: 15 };
    expect(endCauseOf(container(killed), card({ signalled: asked }))).toMatchObject({ kind: 'asked', subject: root, signal: 15 });
    expect(endCauseOf(container(exited(0)), card({ exitStatus: exited(0), signalled: asked }))).toMatchObject({ kind: 'asked' });
    // Asked an hour before it ended, or for something else.
    const early = { ...asked, at: '2026-11-20T11:00:00.000Z' };
    expect(endCauseOf(container(exited(0)), card({ exitStatus: exited(0), signalled: early }))).toEqual({ kind: 'done' });
    expect(endCauseOf(container(exited(0)), card({ exitStatus: exited(0), signalled: { ...asked, signal: 10 } }))).toEqual({
      kind: 'done',
    });
  });

  it('is the OOM killer all the same where somebody had asked for another signal', () => {
    const asked = { at: '2026-11-20T12:00:00.000Z', subject: root, signal: 10 };
    expect(endCauseOf(container(killed), { ...oom, signalled: asked })).toMatchObject({ kind: 'memory-limit' });
  });

  it('is told of a program that ended by itself after the kernel had killed a part of it', () => {
    const shell = { ...oom, exitStatus: exited(137) };
    expect(endCauseOf(container(exited(137)), shell)).toEqual({ kind: 'after-oom-kill', code: 137, kills: 1, command: 'tail' });
  });

  it('names refused forks before a failure', () => {
    const refused = card({ exitStatus: exited(2), pidsRefusals: 40 });
    expect(endCauseOf(container(exited(2)), refused)).toEqual({ kind: 'after-refused-forks', code: 2, refusals: 40 });
  });

  it('is the code or the signal where there is no more to say', () => {
    expect(endCauseOf(container(exited(0)), undefined)).toEqual({ kind: 'done' });
    expect(endCauseOf(container(exited(127)), undefined)).toEqual({ kind: 'not-found' });
    expect(endCauseOf(container(exited(3)), undefined)).toEqual({ kind: 'failed', code: 3 });
    const segfault: ExitStatus = { kind: 'signaled', signal: 11, coreDumped: true };
    expect(endCauseOf(container(segfault), undefined)).toEqual({ kind: 'signal', signal: 11, coreDumped: true });
  });

  it('is unknown where nobody saw it, never code 0', () => {
    expect(endCauseOf({ limits: {} }, undefined)).toEqual({ kind: 'unknown', reason: undefined });
    expect(endCauseOf(container({ kind: 'unknown', reason: 'nobody watched' }), undefined)).toMatchObject({ kind: 'unknown' });
  });
});

it('a few words tell it in a list', () => {
  const stopped = (exitStatus: ExitStatus | undefined, oomKilled?: boolean) =>
    shortEnd({ status: 'stopped', ...(exitStatus === undefined ? {} : { exitStatus }), ...(oomKilled === undefined ? {} : { oomKilled }) });
  expect(stopped(killed, true)).toBe('OOM killed');
  expect(stopped(killed, false)).toBe('exit 137 (SIGKILL)');
  expect(stopped(exited(0))).toBe('exit 0');
  expect(stopped(exited(1), true)).toBe('exit 1, after an OOM kill');
  expect(stopped({ kind: 'unknown', reason: 'nobody watched' })).toBe('unknown');
  expect(stopped(undefined)).toBe('unknown');
  expect(shortEnd({ status: 'running' })).toBe(undefined);
});
