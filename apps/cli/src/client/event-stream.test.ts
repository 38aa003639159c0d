import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readEventStream } from './event-stream.ts';

async function readAll(pieces: Buffer[]) {
  async function* chunks() {
    yield* pieces;
  }
  return Array.fromAsync(readEventStream(chunks()));
}

const stream = Buffer.from(
  ': ping\n\nevent: connected\ndata: {}\n\n\n\ndata: {"a":\ndata: "é"}\nid: 7\n\nevent: return\ndata:\n\ndata: unfinished',
);

const expected = [
  { event: 'connected', data: '{}', id: undefined },
  { event: 'message', data: '{"a":\n"é"}', id: '7' },
  { event: 'return', data: '', id: undefined },
];

test('events, several data lines, comments and an unfinished end', async () => {
  expect(await readAll([stream])).toEqual(expected);
});

test('the same wherever the bytes are cut, in the middle of a character too', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: stream.length }), { maxLength: 12 }), async (cuts) => {
      const points = [0, ...cuts.sort((a, b) => a - b), stream.length];
      expect(await readAll(points.slice(1).map((end, index) => stream.subarray(points[index], end)))).toEqual(expected);
    }),
  );
});
