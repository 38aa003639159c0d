import type { LabChange, OutputItem } from '@bulkhead/api';
import { Problem } from '@bulkhead/model';
import type { Unsubscribable } from '@trpc/server/observable';
import { problemOf } from './agent-client.ts';
import { BoundedQueue } from './queue.ts';

const waitingItems = 2_000;
const streamsPerSubject = 32;
const openStreams = new Map<string, number>();

interface RelayHandlers<T> {
  onData(item: T): void;
  onError(error: unknown): void;
  onComplete(): void;
  onConnectionStateChange(state: { state: string; error?: unknown }): void;
}

function bytesOf(items: readonly OutputItem[]): number {
  let bytes = 0;
  for (const item of items) {
    if (item.type === 'output') bytes += Math.floor((item.data.length * 3) / 4);
    else if (item.type === 'dropped') bytes += item.bytes;
  }
  return bytes;
}

/** Output that a slow browser did not take is dropped, and said to be; how it ended is never dropped. */
function dropOldest(waiting: OutputItem[], item: OutputItem): OutputItem[] {
  const kept = waiting.slice(waitingItems / 2);
  const bytes = bytesOf(waiting.slice(0, waitingItems / 2));
  return [...(bytes > 0 ? [{ type: 'dropped' as const, bytes }] : []), ...kept, item];
}

/** Carries one stream of output from the agent to one browser. */
export function relayOutput(
  subjectId: string,
  signal: AbortSignal,
  subscribe: (handlers: RelayHandlers<OutputItem>) => Unsubscribable,
): AsyncGenerator<OutputItem> {
  return relay(subjectId, signal, subscribe, new BoundedQueue<OutputItem>(waitingItems, dropOldest));
}

/** Carries what an agent tells of labs to one browser. One that is too slow asks again, and begins with the whole. */
export function relayLabs(
  subjectId: string,
  signal: AbortSignal,
  subscribe: (handlers: RelayHandlers<LabChange>) => Unsubscribable,
): AsyncGenerator<LabChange> {
  const queue = new BoundedQueue<LabChange>(waitingItems, (waiting) => {
    queue.end(new Problem('exhausted', `more than ${waitingItems} changes waited to be read`, { remedy: 'connect again' }));
    return waiting;
  });
  return relay(subjectId, signal, subscribe, queue);
}

async function* relay<T>(
  subjectId: string,
  signal: AbortSignal,
  subscribe: (handlers: RelayHandlers<T>) => Unsubscribable,
  queue: BoundedQueue<T>,
): AsyncGenerator<T> {
  const open = openStreams.get(subjectId) ?? 0;
  if (open >= streamsPerSubject)
    throw new Problem('exhausted', `${streamsPerSubject} streams are open already`, { remedy: 'close some tabs' });
  openStreams.set(subjectId, open + 1);
  const subscription = subscribe({
    onData: (item) => queue.push(item),
    onError: (error) => queue.end(problemOf(error)),
    onComplete: () => queue.end(),
    // A stream that begins anew would repeat what was shown; the browser decides whether to ask again.
    onConnectionStateChange: ({ state, error }) => {
      if (state === 'connecting' && error) queue.end(problemOf(error));
    },
  });
  const leave = () => queue.end();
  signal.addEventListener('abort', leave, { once: true });
  try {
    yield* queue;
  } finally {
    signal.removeEventListener('abort', leave);
    subscription.unsubscribe();
    const left = (openStreams.get(subjectId) ?? 1) - 1;
    if (left > 0) openStreams.set(subjectId, left);
    else openStreams.delete(subjectId);
  }
}
