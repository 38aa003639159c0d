import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Trouble } from '../../lib/api.ts';
import { SharedSource, type SourceHandlers } from './shared-source.ts';

function make() {
  const opened: { handlers: SourceHandlers<string>; closed: boolean }[] = [];
  const items: string[] = [];
  const troubles: (Trouble | undefined)[] = [];
  const source = new SharedSource<string>({
    subscribe: (handlers) => {
      const one = { handlers, closed: false };
      opened.push(one);
      return {
        unsubscribe: () => {
          one.closed = true;
        },
      };
    },
    onItem: (item) => items.push(item),
    onTrouble: (trouble) => troubles.push(trouble),
  });
  return { source, opened, items, troubles };
}

describe('a shared source', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is opened once for all who look, and closed a while after the last has left', () => {
    const { source, opened, items } = make();
    const [first, second] = [source.acquire(), source.acquire()];
    opened[0]?.handlers.onData('a');
    expect(opened).toHaveLength(1);
    expect(items).toEqual(['a']);
    first();
    second();
    expect(opened[0]?.closed).toBe(false);
    vi.advanceTimersByTime(6_000);
    expect(opened[0]?.closed).toBe(true);
  });

  it('stays open where somebody comes back in time', () => {
    const { source, opened } = make();
    source.acquire()();
    vi.advanceTimersByTime(1_000);
    source.acquire();
    vi.advanceTimersByTime(20_000);
    expect(opened).toHaveLength(1);
    expect(opened[0]?.closed).toBe(false);
  });

  it('counts everyone once, however often they leave', () => {
    const { source, opened } = make();
    source.acquire();
    const second = source.acquire();
    second();
    second();
    vi.advanceTimersByTime(20_000);
    expect(opened[0]?.closed).toBe(false);
  });

  it('is opened again after a failure, and says so until something comes', () => {
    const { source, opened, troubles } = make();
    source.acquire();
    opened[0]?.handlers.onError(new Error('gone'));
    expect(troubles.at(-1)?.message).toBe('gone');
    vi.advanceTimersByTime(2_000);
    expect(opened).toHaveLength(2);
    opened[1]?.handlers.onData('b');
    expect(troubles.at(-1)).toBeUndefined();
  });

  it('is not opened again for nobody', () => {
    const { source, opened } = make();
    const leave = source.acquire();
    opened[0]?.handlers.onError(new Error('gone'));
    leave();
    vi.advanceTimersByTime(20_000);
    expect(opened).toHaveLength(1);
  });
});
