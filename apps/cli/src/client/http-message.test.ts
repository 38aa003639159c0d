import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sendRequest } from './http-message.ts';

let directory: string;
let socketPath: string;
const closing: (() => void)[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'bulkhead-http-'));
  socketPath = join(directory, 's');
});
afterEach(() => {
  for (const close of closing.splice(0)) close();
  rmSync(directory, { recursive: true, force: true });
});

/** Node's own server: whatever it sends, we have to read. */
async function serve(listener: RequestListener): Promise<void> {
  const server: Server = createHttpServer(listener);
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  closing.push(() => server.close());
}

/** A server that says exactly these bytes, cut as given, and closes. */
async function say(...pieces: string[]): Promise<void> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', async () => {
      for (const piece of pieces) {
        socket.write(piece);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      socket.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  closing.push(() => server.close());
}

async function read(): Promise<string> {
  const { body } = await sendRequest({ socketPath, method: 'GET', target: '/' });
  const parts: Buffer[] = [];
  for await (const part of body) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}

test('method, path, headers and body arrive; a chunked answer is put together', async () => {
  await serve((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      response.write(`${request.method} ${request.url} ${request.headers['content-type']} `);
      response.write('é'.repeat(70_000));
      response.end(Buffer.concat(parts));
    });
  });
  const answer = await sendRequest({ socketPath, method: 'POST', target: '/a.b?x=1', headers: { 'content-type': 'text/x' }, body: 'häß' });
  let text = '';
  const decoder = new TextDecoder();
  for await (const part of answer.body) text += decoder.decode(part, { stream: true });
  expect(answer.status).toBe(200);
  expect(text).toBe(`POST /a.b?x=1 text/x ${'é'.repeat(70_000)}häß`);
});

test('an answer with a length, one without, and one without a body', async () => {
  await serve((request, response) => {
    if (request.url === '/') response.setHeader('content-length', 5).end('12345');
  });
  expect(await read()).toBe('12345');
});

test('chunks cut anywhere are read whole', async () => {
  const text = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n7;x=y\r\n, world\r\n0\r\n\r\n';
  await say(...text);
  expect(await read()).toBe('hello, world');
});

test.each([
  ['in a chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nff\r\nhalf'],
  ['between chunks', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n'],
  ['in a body of known length', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf'],
  ['in the header', 'HTTP/1.1 200 OK\r\ncontent-'],
])('an answer that is cut off %s is an error, never a short answer', async (_, bytes) => {
  await say(bytes);
  await expect(read()).rejects.toThrow('the connection ended in the middle of an answer');
});

test('what is no HTTP is an error', async () => {
  await say('SSH-2.0-OpenSSH\r\n\r\n');
  await expect(read()).rejects.toThrow('not HTTP');
});

test('a header without end is bounded', async () => {
  await say(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}`);
  await expect(read()).rejects.toThrow(/no end of its header|middle of an answer/);
});

test('nobody there: the code of the system call is kept', async () => {
  await expect(read()).rejects.toMatchObject({ code: 'ENOENT' });
});

test('an abort ends a stream that would go on for ever', async () => {
  await serve((_, response) => {
    response.write('begin');
  });
  const over = new AbortController();
  const { body } = await sendRequest({ socketPath, method: 'GET', target: '/', signal: over.signal });
  const first = await body.next();
  expect(String(first.value)).toBe('begin');
  over.abort();
  await expect(body.next()).rejects.toThrow();
});
