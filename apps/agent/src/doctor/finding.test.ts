import { DoctorReport } from '@bulkhead/model';
import { doctorTitle, tellDoctor } from '@bulkhead/model/doctor-text';
import { expect, test } from 'vitest';
import { judgeKill } from './cgroup.ts';
import { judgeSteps, judgeSynchronisation } from './clock.ts';
import { judgeStateSpace } from './disk.ts';
import { examine } from './doctor.ts';
import { look } from './finding.ts';
import { judgeService } from './service.ts';
import { judgeNode } from './version.ts';

const gibibyte = 1024 ** 3;

test('what cannot be read is unknown, and says to be root only where that would help', () => {
  const failing = (code: string) =>
    look('disk.run', () => {
      throw Object.assign(new Error('no'), { code });
    });
  expect(failing('EACCES')).toMatchObject({ state: 'unknown', remedy: { code: 'as-root' } });
  expect(failing('EIO')).toEqual({
    id: 'disk.run',
    group: 'disk',
    state: 'unknown',
    found: { code: 'could-not-be-read', values: { why: 'EIO' } },
  });
});

test('little space is attention, next to none is bad, and so are no files left', () => {
  const space = { type: 0, freeBytes: 50 * gibibyte, totalBytes: 100 * gibibyte, freeInodes: 1_000_000, inodes: 2_000_000 };
  const state = (change: object) => judgeStateSpace({ ...space, ...change }, '/var/lib/bulkhead').state;
  expect([state({}), state({ freeBytes: 2 * gibibyte }), state({ freeBytes: 100_000_000 })]).toEqual(['good', 'attention', 'bad']);
  expect([state({ freeInodes: 10 }), state({ freeInodes: 0, inodes: 0 })]).toEqual(['bad', 'good']);
  expect(tellDoctor(judgeStateSpace(space, '/x').found, 'en')).toBe('50.0 GiB of 100 GiB free at /x');
});

test('clock, kill and Node are judged by what they cost', () => {
  expect(judgeSynchronisation({ synchronised: true, maxErrorUsec: 1500n })).toEqual({
    state: 'good',
    found: { code: 'clock.kept-right', values: { msec: 1.5 } },
  });
  expect(judgeSynchronisation({ synchronised: false, maxErrorUsec: 0n }).state).toBe('attention');
  expect([judgeSteps(undefined), judgeSteps(0), judgeSteps(2)].map(({ state }) => state)).toEqual(['unknown', 'good', 'attention']);
  expect([
    judgeKill('unified', false, '6.1.0'),
    judgeKill('unified', undefined, '5.10.0'),
    judgeKill('hybrid', false, '6.1.0'),
  ]).toMatchObject([{ state: 'bad' }, { state: 'bad' }, { state: 'good' }]);
  expect([judgeNode('v26.10.0').state, judgeNode('v20.20.2').state]).toEqual(['good', 'attention']);
});

test('a service that ended while its supervisor lives is bad; nothing runs where the instance is not up', () => {
  const process = (pid: number) => ({ pid, startTimeTicks: '1' });
  const record = (restarts: number) => ({ supervisor: process(1), services: { web: { state: 'running', restarts, process: process(2) } } });
  const alive =
    (...pids: number[]) =>
    ({ pid }: { pid: number }) =>
      pids.includes(pid);
  expect(judgeService('web', record(0), alive(1, 2))).toEqual({ state: 'good', found: { code: 'service.runs', values: { pid: 2 } } });
  expect(judgeService('web', record(3), alive(1, 2)).state).toBe('attention');
  expect(judgeService('web', record(0), alive(1)).state).toBe('bad');
  expect(judgeService('web', record(0), alive())).toMatchObject({ state: 'attention', remedy: { code: 'up' } });
});

test('a whole examination is a report, with names that occur once', () => {
  const report = DoctorReport.parse(
    examine({
      stateDirectory: '/nonexistent/state',
      listen: { address: '127.0.0.1', port: 1 },
      version: '0',
      programDirectory: '/nonexistent',
    }),
  );
  const ids = report.checks.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.length).toBeGreaterThan(40);
  for (const check of report.checks)
    for (const language of ['en', 'zh'] as const) {
      // Neither a code in place of a text, nor a value that was not given.
      expect(doctorTitle(check, language)).not.toMatch(/^title\./);
      for (const text of [check.found, check.cost, check.remedy].filter((each) => each !== undefined)) {
        if (language === 'zh') expect(tellDoctor(text, language), check.id).not.toBe(text.code);
        expect(tellDoctor(text, language), check.id).not.toMatch(/\{\w+\}/);
      }
    }
});
