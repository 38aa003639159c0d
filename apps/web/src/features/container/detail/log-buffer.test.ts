import { expect, it } from 'vitest';
import { LogBuffer } from './log-buffer.ts';

const output = (text: string | Uint8Array, stream: 'stdout' | 'stderr' = 'stdout') => ({
  type: 'output' as const,
  stream,
  data: Buffer.from(text as string).toString('base64'),
});
const texts = (buffer: LogBuffer) => buffer.lines().map((line) => line.text);

it('makes lines of pieces that are cut anywhere, also inside a character', () => {
  const buffer = new LogBuffer(10);
  const bytes = Buffer.from('héllo\nwörld\nopen');
  for (const byte of bytes) buffer.add(output(Uint8Array.of(byte)));
  expect(texts(buffer)).toEqual(['héllo', 'wörld', 'open']);
});

it('keeps the two streams apart', () => {
  const buffer = new LogBuffer(10);
  buffer.add(output('out'));
  buffer.add(output('err\n', 'stderr'));
  buffer.add(output('put\n'));
  expect(buffer.lines().map(({ stream, text }) => `${stream} ${text}`)).toEqual(['stderr err', 'stdout output']);
});

it('takes colours and bells out and shows the last writing of a line', () => {
  const buffer = new LogBuffer(10);
  buffer.add(output('\u001b[31mred\u001b[0m\u0007\n10%\r50%\r100%\nwindows\r\n'));
  expect(texts(buffer)).toEqual(['red', '100%', 'windows']);
});

it('says what was lost', () => {
  const buffer = new LogBuffer(10);
  buffer.add({ type: 'dropped', bytes: 512 });
  expect(buffer.lines()).toEqual([{ number: 0, stream: 'stdout', text: '', dropped: 512 }]);
});

it('never holds much more than its limit, and numbers go on', () => {
  const buffer = new LogBuffer(100);
  for (let index = 0; index < 1000; index += 1) buffer.add(output(`${index}\n`));
  const lines = buffer.lines();
  expect(lines.length).toBeLessThanOrEqual(150);
  expect(lines.at(-1)).toMatchObject({ number: 999, text: '999' });
});
