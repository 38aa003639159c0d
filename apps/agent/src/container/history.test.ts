import type { Container, ContainerId, HostEvent, JournalRecord } from '@bulkhead/model';
import { beforeEach, describe, expect, it } from 'vitest';
import { hostId, makeContainer } from '../../test/fixtures.ts';
import { EventLog } from '../event/event-log.ts';
import { ContainerHistory, type LiveChange } from './history.ts';

let written: JournalRecord[];
let known: Container[];
let noted: ContainerId[];
let keptOnly: ReadonlySet<ContainerId> | undefined;
let isTold: boolean;
let forgotten: ContainerId[];

function open(): ContainerHistory {
  const journal = {
    note: async (records: readonly JournalRecord[]) => {
      written.push(...records);
    },
    knownContainers: () => known,
  };
  const sampler = {
    note: ({ id }: Container) => void noted.push(id),
    forget: (id: ContainerId) => void noted.push(`-${id}`),
    keepOnly: (ids: ReadonlySet<ContainerId>) => {
      keptOnly = ids;
    },
  };
  return new ContainerHistory({
    journal,
    sampler,
    events: new EventLog(hostId, journal),
    ended: () => isTold,
    forgotten: ({ id }) => void forgotten.push(id),
  });
}

beforeEach(() => {
  written = [];
  known = [];
  noted = [];
  keptOnly = undefined;
  isTold = false;
  forgotten = [];
});

const events = (): HostEvent[] => written.flatMap((record) => (record.kind === 'event' ? [record.event] : []));
const kinds = () => events().map(({ kind }) => kind);
const containers = () => written.flatMap((record) => (record.kind === 'container' ? [[record.container.status, record.deleted]] : []));
const stopped = makeContainer({ status: 'stopped', exitStatus: { kind: 'signaled', signal: 9, coreDumped: false } });

describe('changes of a container', () => {
  it('are written, told to who watches, and its end is an event', async () => {
    const history = open();
    const { signal } = new AbortController();
    const stream = history.live.subscribe<LiveChange>({ signal, select: ({ change }) => change });
    history.observe({ type: 'changed', container: makeContainer({ status: 'created' }), previous: 'creating' });
    history.observe({ type: 'changed', container: makeContainer(), previous: 'created' });
    history.observe({ type: 'changed', container: { ...stopped, oomKilled: true }, previous: 'running' });
    history.observe({ type: 'removed', container: stopped });
    expect(containers()).toEqual([
      ['created', false],
      ['running', false],
      ['stopped', false],
      ['stopped', true],
    ]);
    expect(kinds()).toEqual(['container.oom-killed', 'container.exited', 'container.deleted']);
    expect(events()[1]?.detail).toEqual({ signal: 9, coreDumped: false });
    const seen: string[] = [];
    for await (const change of stream) if (seen.push(change.type) === 4) break;
    expect(seen).toEqual(['changed', 'changed', 'changed', 'removed']);
    expect(noted).toEqual(['0123456789abcdef', '0123456789abcdef', '0123456789abcdef', '-0123456789abcdef']);
  });

  it('leave no trace of one that was never made', () => {
    const history = open();
    history.observe({ type: 'changed', container: makeContainer({ status: 'creating' }) });
    history.observe({ type: 'removed', container: makeContainer({ status: 'creating' }) });
    expect(written).toEqual([]);
  });

  it('have one event of a deletion that somebody asked for: theirs', async () => {
    const history = open();
    history.observe({ type: 'changed', container: stopped, previous: 'stopped' });
    await history.deleting(stopped.id, async () => history.observe({ type: 'removed', container: stopped }));
    expect(kinds()).toEqual([]);
    expect(containers().at(-1)).toEqual(['stopped', true]);
  });
});

describe('after the agent was away', () => {
  it('tells of ends and of containers that are gone, and of nothing twice', () => {
    const other = makeContainer({ id: 'fedcba9876543210', name: 'gone' });
    const same = makeContainer({ id: '1111111111111111', name: 'same' });
    known = [makeContainer(), other, same];
    open().reconcile({ list: () => [stopped, same] });
    expect(kinds()).toEqual(['container.exited', 'container.deleted']);
    expect(events()[1]).toMatchObject({ containerId: other.id, detail: { unobserved: true } });
    expect(containers()).toEqual([
      ['stopped', false],
      ['running', true],
    ]);
    expect(noted).toEqual([stopped.id, same.id]);
    expect(keptOnly).toEqual(new Set([stopped.id, same.id]));
  });
});

it('knows whether the launcher is there', () => {
  const history = open();
  history.observe({ type: 'launcher-lost' });
  expect(history.launcherLost).toBe(true);
  history.observe({ type: 'launcher-back' });
  expect(history.launcherLost).toBe(false);
  expect(kinds()).toEqual(['launcher.lost']);
});
