import type { LabRun } from '@bulkhead/model';
import { describe, expect, it } from 'vitest';
import { LabStore } from './lab-store.ts';

const run = (facts: Partial<LabRun> = {}): LabRun => ({
  id: '1a2b',
  lab: 'shares',
  startedAt: '2026-01-01T00:00:00.000Z',
  seconds: 10,
  state: 'running',
  series: [],
  steps: [],
  points: [],
  checks: [],
  ...facts,
});
const point = (atMsec: number) => ({ atMsec, values: { less: atMsec } });

describe('runs of labs', () => {
  it('grow by steps and points, each time as a new object', () => {
    const store = new LabStore();
    expect(store.view().runs).toBe(undefined);
    store.apply({ type: 'snapshot', runs: [] });
    store.apply({ type: 'run', run: run() });
    const before = store.view().runs?.get('shares');
    store.apply({ type: 'point', run: '1a2b', point: point(250) });
    store.apply({ type: 'step', run: '1a2b', step: { type: 'phase', atMsec: 260, phase: 'together' } });
    const after = store.view().runs?.get('shares');
    expect(before?.points).toEqual([]);
    expect(after?.points).toEqual([point(250)]);
    expect(after?.steps).toHaveLength(1);
  });

  it('are replaced by a whole one, and by the next run of the same lab', () => {
    const store = new LabStore();
    store.apply({ type: 'snapshot', runs: [run({ points: [point(1)] }), run({ id: 'ffff', lab: 'pids' })] });
    store.apply({ type: 'run', run: run({ id: '3c4d' }) });
    expect([...(store.view().runs?.values() ?? [])].map(({ id }) => id).sort()).toEqual(['3c4d', 'ffff']);
    // Late words of a run that is not there any more change nothing.
    store.apply({ type: 'point', run: '1a2b', point: point(2) });
    expect(store.view().runs?.get('shares')?.points).toEqual([]);
  });

  it('stay while the stream is away, and its trouble ends with the next snapshot', () => {
    const store = new LabStore();
    let told = 0;
    store.subscribe(() => (told += 1));
    store.apply({ type: 'snapshot', runs: [run()] });
    store.applyTrouble({ problem: 'unavailable', message: 'away', remedy: undefined, reference: undefined });
    expect(store.view().runs?.size).toBe(1);
    store.apply({ type: 'snapshot', runs: [run()] });
    expect(store.view().trouble).toBe(undefined);
    expect(told).toBe(3);
  });
});
