import { ContainerName } from '@bulkhead/model';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseSignal } from './change.ts';
import { checkContainerSpec } from './check-spec.ts';
import { OutputWriter } from './output-writer.ts';
import { randomName } from './random-name.ts';
import { parseEnvironment, parseUser, toContainerSpec } from './spec.ts';

const output = (stream: 'stdout' | 'stderr', text: string) => ({
  type: 'output' as const,
  stream,
  data: Buffer.from(text).toString('base64'),
});

describe('what was typed becomes a spec', () => {
  test('every option lands in its field', () => {
    expect(
      toContainerSpec(
        {
          name: 'burn',
          image: 'host',
          tenant: 'acme',
          memory: '256M',
          cpus: '0.5',
          cpuWeight: '50',
          pids: '100',
          env: ['A=1=2'],
          workdir: '/tmp',
          user: '1000:100',
          hostname: 'h',
          tty: true,
          interactive: true,
          rm: true,
        },
        ['sh', '-c', 'x'],
      ),
    ).toEqual({
      name: 'burn',
      image: 'host',
      tenantId: 'acme',
      args: ['sh', '-c', 'x'],
      env: ['A=1=2'],
      cwd: '/tmp',
      hostname: 'h',
      user: { uid: 1000, gid: 100 },
      terminal: true,
      stdin: true,
      autoRemove: true,
      timeNamespace: false,
      limits: { memoryMaxBytes: 268_435_456, cpuMaxMillis: 500, cpuWeight: 50, pidsMax: 100 },
    });
  });

  test.each([
    [{ memory: '1K' }, /^--memory: must be at least 1M/],
    [{ cpus: '0.005' }, /^--cpus: must be at least 0.01 CPU/],
    [{ name: '-x' }, /^--name: must be 1 to 63 letters/],
    [{ tenant: 'ACME' }, /^--tenant: must be 1 to 40 lower-case/],
    [{ workdir: 'tmp' }, /^--workdir: /],
    [{ cpuWeight: '0' }, /^--cpu-weight: /],
    [{ pids: '0' }, /^--pids: /],
    [{ hostname: '-' }, /^--hostname: /],
  ])('%j is refused beside its option', (options, message) => {
    expect(() => checkContainerSpec(toContainerSpec({ image: 'host', ...options }, ['true']))).toThrow(message);
  });

  test('no text but a number within bounds becomes an id: a wrong user never becomes root', () => {
    for (const text of ['', '-1', '1e3', '65536', '2147483648', '4294967295', 'root', '0x0', '1:', ':1', '1:2:3', ' 1', '１'])
      expect(() => parseUser(text)).toThrow('--user');
    fc.assert(
      fc.property(fc.string(), (text) => {
        let parsed: { uid: number } | undefined;
        try {
          parsed = parseUser(text);
        } catch {
          return;
        }
        expect(String(parsed.uid)).toBe(text.split(':')[0]?.replace(/^0+(?=\d)/, ''));
      }),
    );
  });

  test('a variable needs a name', () => {
    expect(() => parseEnvironment(['=x'])).toThrow('--env');
    expect(() => parseEnvironment(['1A=x'])).toThrow('--env');
    expect(parseEnvironment(['BULKHEAD_SURELY_UNSET'])).toEqual([]);
  });
});

test('signals by name and number', () => {
  expect(['TERM', 'sigterm', '15', 'KILL', '9'].map(parseSignal)).toEqual([15, 15, 15, 9, 9]);
  for (const text of ['', '0', '65', 'FOO', '-9', 'toString']) expect(() => parseSignal(text)).toThrow('--signal');
});

test('a random name is a valid one', () => {
  for (let round = 0; round < 200; round += 1) expect(ContainerName.safeParse(randomName()).success).toBe(true);
});

describe('output that is told again from its beginning', () => {
  test('is written once, wherever the connection was lost and however it is cut the second time', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 60 }), fc.nat(60), fc.nat(60), (text, lostAt, cutAt) => {
        let written = '';
        const writer = new OutputWriter((_, bytes) => {
          written += bytes.toString('latin1');
        });
        const bytes = Buffer.from(text).toString('latin1');
        const send = (part: string) =>
          writer.write({ type: 'output', stream: 'stdout', data: Buffer.from(part, 'latin1').toString('base64') });
        writer.restart();
        send(bytes.slice(0, lostAt));
        writer.restart();
        send(bytes.slice(0, cutAt));
        send(bytes.slice(cutAt));
        expect(written).toBe(bytes);
      }),
    );
  });

  test('streams are counted apart', () => {
    const written: string[] = [];
    const writer = new OutputWriter((stream, bytes) => written.push(`${stream}:${bytes.toString()}`));
    writer.restart().write(output('stdout', 'a'));
    writer.restart().write(output('stderr', 'b'));
    writer.write(output('stdout', 'ac'));
    expect(written).toEqual(['stdout:a', 'stderr:b', 'stdout:c']);
  });
});
