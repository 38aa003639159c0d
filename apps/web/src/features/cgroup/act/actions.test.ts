import { describe, expect, it } from 'vitest';
import { childPath, parsePids, possibleActions } from './actions.ts';
import { askedOf } from './asked.ts';

describe('what can be done to a group', () => {
  it('is freezing where it runs and thawing where it stands still, both where that is not known', () => {
    const group = { path: '/jobs', processes: 2 };
    expect(possibleActions({ ...group, frozen: false })).toEqual(['create', 'move', 'freeze', 'kill', 'remove']);
    expect(possibleActions({ ...group, frozen: true })).toEqual(['create', 'move', 'thaw', 'kill', 'remove']);
    expect(possibleActions(group)).toEqual(['create', 'move', 'freeze', 'thaw', 'kill', 'remove']);
  });

  it('is no stopping of the root, and no moving out of an empty one', () => {
    expect(possibleActions({ path: '/', processes: 90, frozen: false })).toEqual(['create', 'move']);
    expect(possibleActions({ path: '/jobs', processes: 0, frozen: false })).not.toContain('move');
  });
});

describe('the path of a new group', () => {
  it('is below its parent, and may make groups on the way', () => {
    expect(childPath('/', 'jobs')).toBe('/jobs');
    expect(childPath('/jobs', ' one/two ')).toBe('/jobs/one/two');
  });

  it.each(['', ' ', '/jobs', 'a//b', 'a/', '.', '..', 'a/../b', 'a\0b', 'x'.repeat(256)])('%j is no name', (name) => {
    expect(childPath('/jobs', name)).toBeUndefined();
  });
});

describe('a list of pids', () => {
  it('is read however it is divided, each once', () => {
    expect(parsePids('17, 18 19\n17')).toEqual([17, 18, 19]);
    expect(parsePids('')).toEqual([]);
  });
  it.each(['a', '0', '-4', '1.5', '4194305', '12;13'])('%j is none', (text) => expect(parsePids(text)).toBeUndefined());
});

describe('what a dry run is asked for', () => {
  const fields = { name: '', target: '', pids: [] };
  it('is nothing as long as something is missing', () => {
    expect(askedOf({ verb: 'create', path: '/jobs' }, fields)).toBeUndefined();
    expect(askedOf({ verb: 'move', path: '/jobs' }, { ...fields, target: '/other' })).toBeUndefined();
    expect(askedOf({ verb: 'move', path: '/jobs' }, { ...fields, target: '/jobs', pids: [5] })).toBeUndefined();
  });

  it('is the new group for making one, and the group that they go to for moving', () => {
    expect(askedOf({ verb: 'create', path: '/jobs' }, { ...fields, name: 'one' })).toEqual({ path: '/jobs/one', verb: 'create' });
    expect(askedOf({ verb: 'move', path: '/jobs' }, { ...fields, target: '/other', pids: [5] })).toEqual({
      path: '/other',
      verb: 'move',
      pids: [5],
    });
    expect(askedOf({ verb: 'kill', path: '/jobs' }, fields)).toEqual({ path: '/jobs', verb: 'kill' });
  });
});
