import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { isLoopback, parseListen, reserveListen, urlOf } from './listen.ts';

test.each([
  ['127.0.0.1:8470', '127.0.0.1', 8470],
  ['8470', '127.0.0.1', 8470],
  [':8470', '127.0.0.1', 8470],
  ['localhost:80', '127.0.0.1', 80],
  ['[::1]:8470', '::1', 8470],
  ['0.0.0.0:443', '0.0.0.0', 443],
  ['[::]:1', '::', 1],
])('%s', (text, address, port) => expect(parseListen(text)).toEqual({ address, port }));

test.each(['', '127.0.0.1', '127.0.0.1:65536', '1.2.3:80', '::1:80', 'example.org:80', '[zz]:1', '127.0.0.1:-1', '999.0.0.1:1'])(
  '"%s" is refused',
  (text) => expect(() => parseListen(text)).toThrow('--listen'),
);

test('plain HTTP is for loopback alone', () => {
  expect(['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'].every((address) => isLoopback({ address, port: 1 }))).toBe(true);
  expect(['0.0.0.0', '::', '10.0.0.1', '128.0.0.1', '::ffff:10.0.0.1'].some((address) => isLoopback({ address, port: 1 }))).toBe(false);
  expect(urlOf({ address: '::1', port: 8470 })).toBe('http://[::1]:8470');
  expect(urlOf({ address: '10.0.0.1', port: 8470 })).toBe('https://10.0.0.1:8470');
});

test('a port that is taken is named, and so is who holds it', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  try {
    await expect(reserveListen({ address: '127.0.0.1', port })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(new RegExp(`^port ${port} of 127\\.0\\.0\\.1 is taken by .+, process ${process.pid}$`)),
    });
  } finally {
    server.close();
  }
});

test('an address of another machine is refused; port 0 becomes a free one', async () => {
  await expect(reserveListen({ address: '192.0.2.1', port: 8470 })).rejects.toMatchObject({
    code: 'invalid',
    message: expect.stringContaining('192.0.2.1'),
  });
  expect((await reserveListen({ address: '127.0.0.1', port: 0 })).port).toBeGreaterThan(0);
});
