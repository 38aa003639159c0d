import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ContainerSpec } from '@bulkhead/model';
import { afterAll, expect, it } from 'vitest';
import { ContainerStore } from './store.ts';

const directory = mkdtempSync(join(tmpdir(), 'bulkhead-store-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const store = new ContainerStore(directory);
const add = (id: string, name: string, tenantId: string): void =>
  store.add({
    version: 1,
    container: {
      id,
      name,
      tenantId,
      image: 'host',
      args: ['true'],
      status: 'stopped',
      createdAt: '2026-01-01T00:00:00.000Z',
      limits: {},
      terminal: false,
    },
    spec: ContainerSpec.parse({ name, tenantId, image: 'host', args: ['true'] }),
    ids: { hostId: 1, size: 65_536 },
    namespaces: [],
    execs: [],
  });
add('0123456789abcdef', 'one', 'acme');
add('0123456700000000', 'two', 'globex');
add('fedcba9876543210', '0123456789abcdef', 'globex');

const all = () => true;
const only = (tenant: string) => (container: { tenantId: string }) => container.tenantId === tenant;
const found = (reference: string, isVisible = all as Parameters<typeof store.find>[1]) => store.find(reference, isVisible)?.id;

it.each([
  ['a whole id, also where another is named like it', '0123456789abcdef', all, '0123456789abcdef'],
  ['a name', 'two', all, '0123456700000000'],
  ['a beginning that two have', '01234567', all, undefined],
  ['a beginning that only one has of those in sight', '01234567', only('acme'), '0123456789abcdef'],
  ['what is out of sight', 'two', only('acme'), undefined],
  ['seven digits', '0123456', only('acme'), undefined],
  ['a name that looks like an id out of sight', '0123456789abcdef', only('globex'), 'fedcba9876543210'],
])('finds by %s', (_, reference, isVisible, id) => {
  expect(found(reference, isVisible)).toBe(id);
});
