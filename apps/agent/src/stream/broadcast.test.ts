import { Problem } from '@bulkhead/model';
import { describe, expect, it } from 'vitest';
import { Broadcast } from './broadcast.ts';

const take = async <T>(stream: AsyncIterable<T>, count: number): Promise<T[]> => {
  const items: T[] = [];
  for await (const item of stream) if (items.push(item) === count) break;
  return items;
};

describe('broadcast', () => {
  it('gives each client what it may see, beginning with what it is told first', async () => {
    const source = new Broadcast<number>(10);
    const { signal } = new AbortController();
    const even = source.subscribe({ signal, first: ['first'], select: (item) => (item % 2 === 0 ? `${item}` : undefined) });
    for (const item of [1, 2, 3, 4]) source.publish(item);
    expect(await take(even, 3)).toEqual(['first', '2', '4']);
  });

  it('cuts off a slow client, tells it so after what waited, and keeps the others', async () => {
    const source = new Broadcast<number>(3);
    const { signal } = new AbortController();
    const slow = source.subscribe({ signal, select: (item) => item });
    for (let item = 0; item < 10; item += 1) source.publish(item);
    expect(source.subscribers).toBe(0);
    const seen: number[] = [];
    const failure = await (async () => {
      for await (const item of slow) seen.push(item);
    })().catch((reason: unknown) => reason);
    expect(seen).toEqual([0, 1, 2]);
    expect(failure).toBeInstanceOf(Problem);
    expect((failure as Problem).code).toBe('exhausted');
  });

  it('tells a slow client everything anew where its owner can', async () => {
    const source = new Broadcast<number>(3);
    const { signal } = new AbortController();
    const slow = source.subscribe({ signal, select: (item) => `${item}`, overflow: () => ['snapshot'] });
    for (let item = 0; item < 5; item += 1) source.publish(item);
    expect(await take(slow, 2)).toEqual(['snapshot', '4']);
  });

  it('ends when the client goes away, and forgets it', async () => {
    const source = new Broadcast<number>(3);
    const leaving = new AbortController();
    const stream = source.subscribe({ signal: leaving.signal, select: (item) => item });
    expect(source.subscribers).toBe(1);
    leaving.abort();
    expect(source.subscribers).toBe(0);
    expect(await take(stream, 1)).toEqual([]);
    expect(await take(source.subscribe({ signal: leaving.signal, select: (item) => item }), 1)).toEqual([]);
  });
});
